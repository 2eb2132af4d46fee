//! `thumbnails`: every image of a folder, made small and written to another. Decoding, resizing, encoding, and files.

use std::fs;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};
use serde::{Deserialize, Serialize};

use super::files::{self, Entry};
use super::{FieldError, Param, ParamKind, Params, Plan, Workload, samples};
use crate::executor::{Function, TaskContext, TaskError};
use crate::sys;

/// See the module.
pub(super) struct Thumbnails;

pub(super) const THUMBNAIL: Function<Job, String> = Function::new("thumbnail", thumbnail);

/// One image to make small.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Job {
    source: Entry,
    /// Not a path in the platform's own form only because it was typed by a user, in Unicode.
    output: PathBuf,
    size: u32,
}

fn thumbnail(Job { source, output, size }: Job, context: &TaskContext) -> Result<String, TaskError> {
    let source = source.path()?;
    let file = context
        .blocking(|| fs::File::open(&source))
        .map_err(|error| TaskError::with_cause(format!("{} cannot be read", source.display()), &error))?;
    // As in Python, images are decoded, resized and encoded by native code.
    let (image, format) = context.native(|| decode(file)).map_err(|error| {
        TaskError::with_cause(format!("{} is not an image that can be read", source.display()), &error)
    })?;
    context.checkpoint()?;
    let large = image.width() > size || image.height() > size;
    let small = if large { context.native(|| image.thumbnail(size, size)) } else { image };
    context.checkpoint()?;
    let target = output.join(source.file_name().unwrap_or_default());
    context
        .native(|| write_whole(&small, format, &output, &target))
        .map_err(|error| TaskError::with_cause(format!("{} cannot be written", target.display()), &error))?;
    Ok(format!("{} × {}", small.width(), small.height()))
}

/// Why a file gave no image.
#[derive(Debug, thiserror::Error)]
enum DecodeError {
    #[error("it is no jpeg, png, gif or webp")]
    Unknown,
    #[error("the file is truncated")]
    Truncated,
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

/// The upright image, and what it was.
fn decode(mut file: fs::File) -> Result<(DynamicImage, ImageFormat), DecodeError> {
    // By content, not by name.
    let reader = ImageReader::new(BufReader::new(file.try_clone()?)).with_guessed_format()?;
    let known = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP];
    let format = reader.format().filter(|format| known.contains(format)).ok_or(DecodeError::Unknown)?;
    let mut decoder = reader.into_decoder()?;
    // An image that declares a size beyond reason is refused before there is memory for it.
    let mut limits = Limits::default();
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    let orientation = decoder.orientation()?;
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    if is_whole(&mut file, format)? { Ok((image, format)) } else { Err(DecodeError::Truncated) }
}

/// Whether the file has its end. Decoders stop at the end of the first picture, and some fill in what is missing.
fn is_whole(file: &mut fs::File, format: ImageFormat) -> io::Result<bool> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(match format {
        ImageFormat::Jpeg => jpeg_picture(&bytes).is_some_and(|picture| has(picture, &[0xff, 0xd9])),
        ImageFormat::Png => has(&bytes, b"IEND\xae\x42\x60\x82"),
        // `RIFF`, then how many bytes follow.
        ImageFormat::WebP => bytes
            .get(4..8)
            .and_then(|size| size.try_into().ok())
            .is_some_and(|size| u64::from(u32::from_le_bytes(size)) + 8 <= bytes.len() as u64),
        // The last byte, but for zeros that some programs add.
        _ => bytes.iter().rev().find(|&&byte| byte != 0) == Some(&b';'),
    })
}

fn has(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// What comes after the segments of a JPEG file, any of which may hold a whole smaller picture: the picture itself.
fn jpeg_picture(bytes: &[u8]) -> Option<&[u8]> {
    const START_OF_SCAN: u8 = 0xda;
    let mut rest = bytes.get(2..)?;
    loop {
        // A marker is `ff`, perhaps more of them, and its kind; then the length of its segment, these two bytes included.
        let filler = rest.iter().take_while(|&&byte| byte == 0xff).count();
        let kind = *rest.get(filler)?;
        let length = rest.get(filler + 1..filler + 3)?.try_into().ok().map(u16::from_be_bytes)?;
        rest = rest.get(filler + 1 + usize::from(length)..)?;
        if filler == 0 {
            return None;
        }
        if kind == START_OF_SCAN {
            return Some(rest);
        }
    }
}

/// Under a passing name first: nobody ever sees half a thumbnail.
fn write_whole(image: &DynamicImage, format: ImageFormat, folder: &Path, target: &Path) -> image::ImageResult<()> {
    let mut passing = tempfile::Builder::new();
    sys::make_like_other_files(passing.prefix(".poolscope-"));
    let mut file = BufWriter::new(passing.tempfile_in(folder)?);
    if format == ImageFormat::Jpeg {
        // JPEG has no transparency; other formats keep theirs.
        image.to_rgb8().write_to(&mut file, format)?;
    } else {
        image.write_to(&mut file, format)?;
    }
    file.flush()?;
    let file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.persist(target).map_err(|error| error.error)?;
    Ok(())
}

impl Workload for Thumbnails {
    fn name(&self) -> &'static str {
        "thumbnails"
    }

    fn summary(&self) -> &'static str {
        "make every image of a folder small"
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param {
                name: "input",
                kind: ParamKind::InputFolder,
                unit: "",
                default: samples::folder().display().to_string(),
                help: "Every file in this folder is an item: jpeg, png, gif or webp. Hidden files are left out.",
            },
            Param {
                name: "output",
                kind: ParamKind::OutputFolder,
                unit: "",
                default: samples::output_folder().display().to_string(),
                help: "Thumbnails are written here, under the names of their images.",
            },
            Param {
                name: "size",
                kind: ParamKind::Count { min: 1, max: 10_000 },
                unit: "pixels",
                default: "100".to_owned(),
                help: "The longer side of a thumbnail, in pixels.",
            },
        ]
    }

    fn plan(&self, params: &Params, cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let input = params.folder("input");
        let output = params.folder("output");
        samples::unpack_if_asked_for(&input)?;
        let entries = files::find("input", &input, false, cancelled)?;
        prepare_output(&input, &output)?;
        let size = u32::try_from(params.count("size")).unwrap_or(u32::MAX);
        let jobs: Vec<Job> =
            entries.iter().map(|source| Job { source: source.clone(), output: output.clone(), size }).collect();
        Ok(Plan::new(THUMBNAIL, jobs.into_iter(), files::labels(entries, input)))
    }
}

/// Makes the folder, and makes sure that it can be written to and that no original would be overwritten.
fn prepare_output(input: &Path, output: &Path) -> Result<(), FieldError> {
    let wrong = |cause: &dyn std::fmt::Display| FieldError::new("output", format!("{}: {cause}", output.display()));
    if output.exists() && !output.is_dir() {
        return Err(wrong(&"is not a folder"));
    }
    fs::create_dir_all(output).map_err(|error| wrong(&format!("cannot be made: {error}")))?;
    tempfile::tempfile_in(output).map_err(|error| wrong(&format!("cannot be written to: {error}")))?;
    if same_folder(input, output) {
        return Err(wrong(&"is the input folder: thumbnails would overwrite their originals"));
    }
    Ok(())
}

fn same_folder(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
