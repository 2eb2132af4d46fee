//! From a thumbnail to its file, in the format of its original.

use std::io::{BufWriter, Write};
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ImageEncoder, ImageFormat, ImageResult};

use super::decode::Picture;
use crate::sys;

/// Writes to a temporary file first: nobody ever sees half a thumbnail.
pub(super) fn write(picture: &Picture, folder: &Path, target: &Path) -> ImageResult<()> {
    let mut builder = tempfile::Builder::new();
    sys::make_like_other_files(builder.prefix(".poolscope-"));
    let mut file = BufWriter::new(builder.tempfile_in(folder)?);
    encode(picture, &mut file)?;
    file.flush()?;
    let file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.persist(target).map_err(|error| error.error)?;
    Ok(())
}

fn encode(Picture { image, format, profile, .. }: &Picture, file: &mut BufWriter<impl Write>) -> ImageResult<()> {
    let profile = profile.clone();
    match format {
        // JPEG has neither transparency nor 16 bits.
        ImageFormat::Jpeg if image.color().has_color() => {
            with_profile(JpegEncoder::new(file), profile, &image.to_rgb8().into())
        }
        ImageFormat::Jpeg => with_profile(JpegEncoder::new(file), profile, &image.to_luma8().into()),
        ImageFormat::Png => with_profile(PngEncoder::new(file), profile, image),
        ImageFormat::WebP => with_profile(WebPEncoder::new_lossless(file), profile, image),
        // GIF has no profiles.
        _ => {
            let mut bytes = std::io::Cursor::new(Vec::new());
            image.write_to(&mut bytes, *format)?;
            file.write_all(bytes.get_ref())?;
            Ok(())
        }
    }
}

fn with_profile(mut encoder: impl ImageEncoder, profile: Option<Vec<u8>>, image: &DynamicImage) -> ImageResult<()> {
    if let Some(profile) = profile {
        // All encoders that get here take one.
        encoder.set_icc_profile(profile).map_err(image::ImageError::Unsupported)?;
    }
    image.write_with_encoder(encoder)
}
