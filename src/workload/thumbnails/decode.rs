//! From a file to its picture, within limits that keep a hostile or enormous file from taking all memory.

use std::fs::File;
use std::io::{self, Cursor, Read};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use super::{orientation, whole};
use crate::units::grouped;

/// A decoded image, and what of its file the thumbnail keeps.
pub(super) struct Picture {
    /// As it is stored.
    pub(super) image: DynamicImage,
    /// What makes it upright.
    pub(super) orientation: Orientation,
    pub(super) format: ImageFormat,
    /// The ICC profile, if it fits the colours of `image`.
    pub(super) profile: Option<Vec<u8>>,
}

/// Why a file gave no picture.
#[derive(Debug, thiserror::Error)]
pub(super) enum DecodeError {
    #[error("not a JPEG, PNG, GIF or WebP image")]
    Unknown,
    #[error("the file is truncated")]
    Truncated,
    #[error(
        "{} × {} pixels ({} megapixels) exceed the limit of {} megapixels (max-size)",
        grouped((*width).into()), grouped((*height).into()), grouped(megapixels(*width, *height)), grouped((*limit).into())
    )]
    TooLarge { width: u32, height: u32, limit: u32 },
    #[error("{0}")]
    Other(String),
}

impl From<io::Error> for DecodeError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof { Self::Truncated } else { Self::Other(error.to_string()) }
    }
}

impl From<ImageError> for DecodeError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::IoError(error) => error.into(),
            error => Self::Other(error.to_string().trim_end().to_owned()),
        }
    }
}

fn megapixels(width: u32, height: u32) -> u64 {
    (u64::from(width) * u64::from(height)).div_ceil(1_000_000)
}

/// Bytes of a pixel of the widest kind: four channels of 16 bits.
const PIXEL: u64 = 8;
/// What decoders need besides pixels: tables, profiles, texts.
const OVERHEAD: u64 = 64 << 20;

/// The first picture of the file. Its format is recognised by its content.
///
/// # Errors
/// When it is no image, not a whole one, or larger than so many megapixels.
pub(super) fn decode(mut file: File, max_megapixels: u32) -> Result<Picture, DecodeError> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    whole::mend_gif_screen(&mut bytes);
    let mut reader = ImageReader::new(Cursor::new(bytes.as_slice())).with_guessed_format()?;
    let known = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP];
    let format = reader.format().filter(|format| known.contains(format)).ok_or(DecodeError::Unknown)?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(u64::from(max_megapixels) * 1_000_000 * PIXEL + OVERHEAD);
    // Headers are read within these limits, and no pixels before the size is known.
    reader.limits(limits.clone());
    let decoder = reader.into_decoder();
    let mut decoder = match decoder {
        Err(ImageError::Limits(_)) if let Some((width, height)) = whole::png_size(&bytes) => {
            return Err(DecodeError::TooLarge { width, height, limit: max_megapixels });
        }
        decoder => decoder?,
    };
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > u64::from(max_megapixels) * 1_000_000 {
        return Err(DecodeError::TooLarge { width, height, limit: max_megapixels });
    }
    decoder.set_limits(limits)?;
    let orientation = orientation::read(&mut decoder, format, &bytes);
    let profile = decoder.icc_profile().ok().flatten();
    let image = DynamicImage::from_decoder(decoder)?;
    if !whole::is_whole(&bytes, format) {
        return Err(DecodeError::Truncated);
    }
    let profile = profile.filter(|profile| describes(profile, &image));
    Ok(Picture { image, orientation, format, profile })
}

/// Whether a profile is one for these colours: a CMYK photo, say, is decoded to RGB, which its own profile says nothing about.
fn describes(profile: &[u8], image: &DynamicImage) -> bool {
    // ICC.1:2022, 7.2.6: the colour space is the signature at offset 16 of the header.
    let space = profile.get(16..20);
    if image.color().has_color() { space == Some(b"RGB ") } else { space == Some(b"GRAY") }
}
