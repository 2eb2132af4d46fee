//! The sample images, so that there is something to run on at once. They travel inside the program, as an installed one
//! has no `assets` folder beside it, and are unpacked on first use.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::FieldError;
use crate::sys;

macro_rules! samples {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_bytes!(concat!("../../assets/samples/", $name)).as_slice())),+]
    };
}

/// Name and content.
const SAMPLES: [(&str, &[u8]); 24] = samples![
    "01-dunes.jpg",
    "02-sunset-hills.jpg",
    "03-plasma.jpg",
    "04-mandelbrot.jpg",
    "05-nebula.jpg",
    "06-ocean.jpg",
    "07-marble.jpg",
    "08-lava-cracks.jpg",
    "09-aurora.jpg",
    "10-interference.jpg",
    "11-mountain-lake.jpg",
    "12-bokeh.jpg",
    "13-voronoi-cells.png",
    "14-circle-packing.png",
    "15-julia-set.png",
    "16-truchet-tiles.png",
    "17-city-night.png",
    "18-spiral-checker.gif",
    "19-moire-rings.gif",
    "20-pixel-hills.gif",
    "21-agate.webp",
    "22-stained-glass.webp",
    "23-flow-field.webp",
    "24-ringed-planet.webp",
];

/// Where they are unpacked to: the user's cache folder.
pub(super) fn folder() -> PathBuf {
    cache().join("samples")
}

/// Where thumbnails go if nobody says otherwise.
pub(super) fn output_folder() -> PathBuf {
    cache().join("thumbnails")
}

/// Where this program may leave things that can be had again.
pub(super) fn cache() -> PathBuf {
    dirs::cache_dir().unwrap_or_else(std::env::temp_dir).join("poolscope")
}

/// The content of the sample images.
pub(super) fn contents() -> impl ExactSizeIterator<Item = &'static [u8]> + Clone {
    SAMPLES.iter().map(|(_, content)| *content)
}

/// Unpacks the samples if `input` is their folder and lacks any.
pub(super) fn unpack_if_asked_for(input: &Path) -> Result<(), FieldError> {
    if input != folder() {
        return Ok(());
    }
    unpack(input).map_err(|error| {
        FieldError::new("input", format!("the sample images cannot be unpacked to {}: {error}", input.display()))
    })
}

fn unpack(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, content) in SAMPLES {
        let target = folder.join(name);
        if fs::metadata(&target).is_ok_and(|there| there.len() == content.len() as u64) {
            continue;
        }
        // Under a passing name first: two programs may start at the same time.
        let mut passing = tempfile::Builder::new();
        sys::make_like_other_files(&mut passing);
        let file = passing.tempfile_in(folder)?;
        fs::write(file.path(), content)?;
        file.persist(target)?;
    }
    Ok(())
}
