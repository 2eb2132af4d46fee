//! `thumbnails`: shrinks every image of a folder and writes it to another. Decoding, resizing, encoding, and files.
//!
//! ```text
//!  file ─decode─▶ upright picture, format, colour profile ─resize─▶ thumbnail ─write─▶ file of the same name
//! ```

mod decode;
mod orientation;
mod ours;
mod whole;
mod write;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, metadata::Orientation};
use serde::{Deserialize, Serialize};

use super::files::{self, Entry};
use super::{FieldError, Param, ParamKind, Params, Plan, Workload, samples};
use crate::executor::{Function, TaskContext, TaskError};
use crate::sys;
use decode::{Picture, decode};
use ours::Ours;

/// See the module.
pub(super) struct Thumbnails;

pub(super) const THUMBNAIL: Function<Job, String> = Function::new("thumbnail", thumbnail);

/// One image to shrink.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Job {
    source: Entry,
    output: PathBuf,
    /// The longer side of the thumbnail, in pixels.
    size: u32,
    max_megapixels: u32,
    /// What the thumbnail must not replace.
    clash: Option<Clash>,
}

/// A file that is there already, under the name of a thumbnail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Clash {
    /// An image that is an item of this run.
    Original,
    /// No thumbnail that this program wrote.
    NotOurs,
}

fn thumbnail(job: Job, context: &TaskContext) -> Result<String, TaskError> {
    let Job { source, output, size, max_megapixels, clash } = job;
    let source = source.path()?;
    let target = output.join(source.file_name().unwrap_or_default());
    // The target may have come into being since the items were found, so this item is compared again.
    let clash = if is_same_file(&source, &target) { Some(Clash::Original) } else { clash };
    if let Some(clash) = clash {
        let what = match clash {
            Clash::Original => "is an original",
            Clash::NotOurs => "is no thumbnail that Poolscope wrote",
        };
        return Err(TaskError::message(format!("{} {what}: the thumbnail would replace it", target.display())));
    }
    let file = context
        .blocking(|| fs::File::open(&source))
        .map_err(|error| TaskError::with_cause(format!("can't read {}", source.display()), &error))?;
    // As in Python, images are decoded, resized and encoded by native code.
    let picture = context
        .native(|| decode(file, max_megapixels))
        .map_err(|error| TaskError::with_cause(format!("can't decode {}", source.display()), &error))?;
    context.checkpoint()?;
    let picture = context
        .native(|| shrink(picture, size))
        .map_err(|error| TaskError::with_cause(format!("can't resize {}", source.display()), &error))?;
    context.checkpoint()?;
    context
        .native(|| write::write(&picture, &output, &target))
        .map_err(|error| TaskError::with_cause(format!("can't write {}", target.display()), &error))?;
    Ok(format!("{} × {}", picture.image.width(), picture.image.height()))
}

/// The picture upright, with neither side longer than `size`.
fn shrink(picture: Picture, size: u32) -> Result<Picture, fast_image_resize::ResizeError> {
    let Picture { image, orientation, .. } = &picture;
    let (width, height) = (image.width(), image.height());
    let mut small = if width.max(height) <= size {
        image.clone()
    } else {
        let scaled = |side: u32| {
            let exact = f64::from(side) * f64::from(size) / f64::from(width.max(height));
            (exact.round() as u32).max(1)
        };
        let mut small = DynamicImage::new(scaled(width), scaled(height), image.color());
        // A filter without negative lobes: no halos. Colours are multiplied by their alpha while they are averaged, so what
        // is transparent does not darken the edge beside it.
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Hamming)).use_alpha(true);
        Resizer::new().resize(image, &mut small, &options)?;
        small
    };
    small.apply_orientation(*orientation);
    Ok(Picture { image: small, orientation: Orientation::NoTransforms, ..picture })
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    sys::file_identity(one).is_some_and(|one| sys::file_identity(other) == Some(one))
}

impl Workload for Thumbnails {
    fn name(&self) -> &'static str {
        "thumbnails"
    }

    fn summary(&self) -> &'static str {
        "shrinks every image of a folder"
    }

    fn params(&self) -> Vec<Param> {
        vec![
            Param::new(
                "input",
                ParamKind::InputFolder,
                "",
                &samples::folder().display().to_string(),
                "Every file in this folder is an item: JPEG, PNG, GIF or WebP. Hidden files are left out.",
            ),
            Param::new(
                "output",
                ParamKind::OutputFolder,
                "",
                &samples::output_folder().display().to_string(),
                "Where thumbnails are written, under the names of their images. Earlier thumbnails are replaced, other files never.",
            ),
            Param::new(
                "size",
                ParamKind::Count { min: 1, max: 10_000 },
                "pixels",
                "100",
                "The longer side of a thumbnail. Smaller images keep their size.",
            ),
            Param::new(
                "max-size",
                ParamKind::Count { min: 1, max: 10_000 },
                "megapixels",
                "300",
                "Larger images are refused: decoding takes up to 8 bytes of memory per pixel, in each worker.",
            ),
        ]
    }

    fn file_of(&self, params: &Params, name: &str) -> Option<PathBuf> {
        Some(params.folder("input").join(name))
    }

    fn plan(&self, params: &Params, cancelled: &AtomicBool) -> Result<Plan, FieldError> {
        let input = params.folder("input");
        let output = params.folder("output");
        samples::unpack_if_asked_for(&input)?;
        let files::Found { entries, notes } = files::find("input", &input, false, cancelled)?;
        prepare_output(&input, &output)?;
        let size = u32::try_from(params.count("size")).unwrap_or(u32::MAX);
        let max_megapixels = u32::try_from(params.count("max-size")).unwrap_or(u32::MAX);
        let originals: HashSet<_> = entries.iter().filter_map(Entry::file).filter_map(sys::file_identity).collect();
        let mut ours = Ours::of(&output);
        // All that is in the program's own folder is.
        let is_own_folder = output == samples::output_folder();
        let mut clash = |source: &Entry| {
            let name = source.file()?.file_name()?;
            let there = sys::file_identity(&output.join(name));
            if there.is_some_and(|there| originals.contains(&there)) {
                return Some(Clash::Original);
            }
            (!ours.may_have(name) && !is_own_folder).then_some(Clash::NotOurs)
        };
        let job = |source: &Entry| {
            let clash = clash(source);
            Job { source: source.clone(), output: output.clone(), size, max_megapixels, clash }
        };
        let jobs: Vec<Job> = entries.iter().map(job).collect();
        ours.keep().map_err(|error| {
            FieldError::new("output", format!("{}: can't write to the folder: {error}", output.display()))
        })?;
        Ok(Plan::new(THUMBNAIL, jobs.into_iter(), files::labels(entries, input)).noting(notes))
    }
}

/// Makes the folder, and makes sure that it can be written to and is not the input folder.
fn prepare_output(input: &Path, output: &Path) -> Result<(), FieldError> {
    let wrong = |cause: &dyn std::fmt::Display| FieldError::new("output", format!("{}: {cause}", output.display()));
    if output.exists() && !output.is_dir() {
        return Err(wrong(&"is not a folder"));
    }
    fs::create_dir_all(output).map_err(|error| wrong(&format!("can't create the folder: {error}")))?;
    tempfile::tempfile_in(output).map_err(|error| wrong(&format!("can't write to the folder: {error}")))?;
    if is_same_file(input, output) {
        return Err(wrong(&"is the input folder: thumbnails would overwrite their originals"));
    }
    Ok(())
}
