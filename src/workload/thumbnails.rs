//! `thumbnails`: every image of a folder, made small and written to another. Decoding, resizing, encoding, and files.

use std::fs;
use std::io::{BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use image::{DynamicImage, ImageFormat, ImageReader};
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
    let image_error = |error: image::ImageError| {
        TaskError::with_cause(format!("{} is not an image that can be read", source.display()), &error)
    };
    let (image, format) = decode(&source).map_err(image_error)?;
    context.checkpoint()?;
    let small = if image.width() > size || image.height() > size { image.thumbnail(size, size) } else { image };
    context.checkpoint()?;
    let name = source.file_name().unwrap_or_default();
    let target = output.join(name);
    write_whole(&small, format, &output, &target)
        .map_err(|error| TaskError::with_cause(format!("{} cannot be written", target.display()), &error))?;
    Ok(format!("{} × {}", small.width(), small.height()))
}

fn decode(source: &Path) -> image::ImageResult<(DynamicImage, ImageFormat)> {
    // By content, not by name; the reader's default limits refuse images that declare a size beyond memory.
    let reader = ImageReader::open(source)?.with_guessed_format()?;
    let format = reader.format().ok_or_else(|| {
        let unknown = image::error::ImageFormatHint::PathExtension(source.extension().unwrap_or_default().into());
        image::ImageError::Unsupported(unknown.into())
    })?;
    let image = reader.decode()?;
    if format == ImageFormat::Jpeg {
        check_jpeg_is_whole(source)?;
    }
    Ok((image, format))
}

/// The JPEG decoder fills what is missing with grey. A file that ends before its end marker is truncated.
fn check_jpeg_is_whole(source: &Path) -> image::ImageResult<()> {
    const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];
    // Some cameras put a few bytes after the marker.
    const TAIL: i64 = 1 << 16;
    let mut file = fs::File::open(source)?;
    let length = i64::try_from(file.metadata()?.len()).unwrap_or(i64::MAX);
    file.seek(SeekFrom::End(-length.min(TAIL)))?;
    let mut tail = Vec::new();
    std::io::Read::read_to_end(&mut BufReader::new(file), &mut tail)?;
    if tail.windows(2).any(|pair| pair == END_OF_IMAGE) {
        return Ok(());
    }
    let error = image::error::DecodingError::new(ImageFormat::Jpeg.into(), "the file is truncated");
    Err(image::ImageError::Decoding(error))
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
                default: samples::folder().display().to_string(),
                help: "Every file in this folder is an item: jpeg, png, gif or webp. Hidden files are left out.",
            },
            Param {
                name: "output",
                kind: ParamKind::OutputFolder,
                default: samples::output_folder().display().to_string(),
                help: "Thumbnails are written here, under the names of their images.",
            },
            Param {
                name: "size",
                kind: ParamKind::Count { min: 1, max: 10_000 },
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
