//! Thumbnails: which pictures are taken, that the pixels are right, and that no original is lost.

use std::io::Cursor;

use image::codecs::png::PngEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageReader, Luma, Rgba};

use super::*;

/// Makes thumbnails of `input` in a folder beside it.
fn thumbnails(home: &Path, input: &Path, more: &[&str]) -> (Value, std::path::PathBuf) {
    let output = home.join("thumbnails");
    let mut command = poolscope(home);
    command.args(["run", "thumbnails", "--json", "--executor", "threads"]);
    command.args(["--set", &format!("input={}", input.display()), "--set", &format!("output={}", output.display())]);
    (report(&command.args(more).output().unwrap()), output)
}

fn folder(home: &Path) -> std::path::PathBuf {
    let folder = home.join("pictures");
    fs::create_dir(&folder).unwrap();
    folder
}

/// Sums of a mean over 16-bit samples overflow 32 bits at 65,537 of them.
#[test]
fn white_stays_white_with_16_bits_a_sample() {
    let home = TempDir::new().unwrap();
    let folder = folder(home.path());
    let white = image::ImageBuffer::from_pixel(1_200, 1_200, Luma([u16::MAX]));
    DynamicImage::ImageLuma16(white).save(folder.join("scan.png")).unwrap();
    let (report, output) = thumbnails(home.path(), &folder, &["--set", "size=4"]);
    assert_eq!(number(&report, "returned"), 1, "{report}");
    let small = image::open(output.join("scan.png")).unwrap().to_luma8();
    assert_eq!(small.dimensions(), (4, 4));
    assert!(small.pixels().all(|pixel| pixel.0[0] == 255), "{:?}", small.as_raw());
}

/// What is transparent has no say in the colour of an edge.
#[test]
fn a_white_shape_on_nothing_gets_no_dark_edge() {
    let home = TempDir::new().unwrap();
    let folder = folder(home.path());
    let disc = image::RgbaImage::from_fn(400, 400, |x, y| {
        let inside = x.abs_diff(200).pow(2) + y.abs_diff(200).pow(2) <= 150 * 150;
        Rgba(if inside { [255; 4] } else { [0; 4] })
    });
    disc.save(folder.join("logo.png")).unwrap();
    let (report, output) = thumbnails(home.path(), &folder, &[]);
    assert_eq!(number(&report, "returned"), 1, "{report}");
    let small = image::open(output.join("logo.png")).unwrap().to_rgba8();
    let edge: Vec<_> = small.pixels().filter(|pixel| (1..255).contains(&pixel.0[3])).collect();
    assert!(edge.len() > 50, "it has an edge");
    assert!(edge.iter().all(|pixel| pixel.0[0] >= 250), "{edge:?}");
}

/// Otherwise its colours are read as sRGB. The profile is carried on as it is; of its content, only the colour space is looked at.
#[test]
fn the_colour_profile_is_kept() {
    let home = TempDir::new().unwrap();
    let folder = folder(home.path());
    let mut profile = vec![7; 400];
    profile[16..20].copy_from_slice(b"RGB ");
    let mut png = Vec::new();
    let mut encoder = PngEncoder::new(&mut png);
    encoder.set_icc_profile(profile.clone()).unwrap();
    encoder.write_image(&vec![200; 300 * 200 * 3], 300, 200, ExtendedColorType::Rgb8).unwrap();
    fs::write(folder.join("p3.png"), png).unwrap();
    let (report, output) = thumbnails(home.path(), &folder, &[]);
    assert_eq!(number(&report, "returned"), 1, "{report}");
    let mut small = ImageReader::open(output.join("p3.png")).unwrap().into_decoder().unwrap();
    assert_eq!(small.icc_profile().unwrap(), Some(profile));
}

/// Exif of one entry: the orientation.
fn exif(orientation: Orientation) -> Vec<u8> {
    let value = orientation.to_exif();
    let header = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1];
    [&header[..], &[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, value, 0, 0], &[0; 4]].concat()
}

/// The thumbnail is upright in its pixels, and says so no second time.
#[test]
fn a_picture_on_its_side_is_turned_upright() {
    let home = TempDir::new().unwrap();
    let folder = folder(home.path());
    // Wide, and its left end is black: turned by 90 degrees clockwise it is high, and its top is black.
    let wide = image::RgbImage::from_fn(300, 100, |x, _| image::Rgb(if x < 150 { [0; 3] } else { [255; 3] }));
    let mut png = Vec::new();
    let mut encoder = PngEncoder::new(&mut png);
    encoder.set_exif_metadata(exif(Orientation::Rotate90)).unwrap();
    encoder.write_image(wide.as_raw(), 300, 100, ExtendedColorType::Rgb8).unwrap();
    fs::write(folder.join("side.png"), png).unwrap();
    let (report, output) = thumbnails(home.path(), &folder, &[]);
    assert_eq!(number(&report, "returned"), 1, "{report}");
    let mut decoder = ImageReader::open(output.join("side.png")).unwrap().into_decoder().unwrap();
    assert_eq!(decoder.orientation().unwrap(), Orientation::NoTransforms);
    let small = DynamicImage::from_decoder(decoder).unwrap().to_luma8();
    assert_eq!(small.dimensions(), (33, 100));
    assert!(small.get_pixel(16, 2).0[0] < 10 && small.get_pixel(16, 97).0[0] > 245);
}

/// libjpeg skips stray bytes between two segments, and so do browsers.
#[test]
fn stray_bytes_between_the_segments_of_a_jpeg_are_skipped() {
    let home = TempDir::new().unwrap();
    let folder = folder(home.path());
    let mut jpeg = Cursor::new(Vec::new());
    image::RgbImage::from_pixel(16, 16, image::Rgb([90, 60, 30]))
        .write_to(&mut jpeg, image::ImageFormat::Jpeg)
        .unwrap();
    let mut jpeg = jpeg.into_inner();
    let first_segment = 2 + 2 + usize::from(u16::from_be_bytes([jpeg[4], jpeg[5]]));
    jpeg.splice(first_segment..first_segment, [0, 0, 0]);
    fs::write(folder.join("stray.jpg"), jpeg).unwrap();
    let (report, output) = thumbnails(home.path(), &folder, &[]);
    assert_eq!(number(&report, "returned"), 1, "{report}");
    assert!(output.join("stray.jpg").exists());
}

/// The limit can be set, and an image beyond it is refused with its size.
#[test]
fn how_many_pixels_a_picture_may_have_can_be_set() {
    let home = TempDir::new().unwrap();
    let folder = folder(home.path());
    image::GrayImage::new(1_500, 1_000).save(folder.join("large.png")).unwrap();
    let (report, _) = thumbnails(home.path(), &folder, &["--set", "max-size=1"]);
    let told = messages(&report);
    assert!(told[0].contains("large.png") && told[0].contains("1,500 × 1,000"), "{told:?}");
    let (report, _) = thumbnails(home.path(), &folder, &["--set", "max-size=2"]);
    assert_eq!(number(&report, "returned"), 1, "{report}");
}

/// A target that leads to an original, by a link or as the same file, is that item's error; the others are made.
#[cfg(unix)]
#[test]
fn an_original_is_found_behind_links_too() {
    let home = TempDir::new().unwrap();
    let folder = folder(home.path());
    for name in ["a.png", "b.png", "c.png"] {
        image::GrayImage::new(300, 300).save(folder.join(name)).unwrap();
    }
    let output = home.path().join("thumbnails");
    fs::create_dir(&output).unwrap();
    std::os::unix::fs::symlink(folder.join("b.png"), output.join("a.png")).unwrap();
    fs::hard_link(folder.join("c.png"), output.join("c.png")).unwrap();
    let before: Vec<_> = ["a.png", "b.png", "c.png"].map(|name| fs::read(folder.join(name)).unwrap()).into();
    let (report, _) = thumbnails(home.path(), &folder, &[]);
    assert_eq!((number(&report, "returned"), number(&report, "raised")), (1, 2), "{report}");
    assert!(messages(&report).iter().all(|message| message.contains("is an original")), "{report}");
    let after: Vec<_> = ["a.png", "b.png", "c.png"].map(|name| fs::read(folder.join(name)).unwrap()).into();
    assert!(before == after, "an original was changed");
}

#[test]
fn originals_are_never_overwritten() {
    let home = TempDir::new().unwrap();
    let folder = home.path().join("pictures");
    fs::create_dir(&folder).unwrap();
    let output = poolscope(home.path())
        .args(["run", "thumbnails", "--set", &format!("input={}", folder.display())])
        .args(["--set", &format!("output={}/.", folder.display())])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("is the input folder"), "{}", stderr(&output));
}

/// A folder with three good images and everything that can be wrong with one.
fn hostile_folder(home: &Path) -> std::path::PathBuf {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/samples");
    let folder = home.join("hostile");
    fs::create_dir(&folder).unwrap();
    let sample = |name: &str| fs::read(samples.join(name)).unwrap();
    for name in ["01-dunes.jpg", "13-voronoi-cells.png", "21-agate.webp"] {
        fs::write(folder.join(name), sample(name)).unwrap();
    }
    for name in ["02-sunset-hills.jpg", "14-circle-packing.png", "18-spiral-checker.gif", "22-stained-glass.webp"] {
        let whole = sample(name);
        fs::write(folder.join(format!("truncated-{name}")), &whole[..whole.len() / 2]).unwrap();
        // Of a GIF only its trailer would be missing, which says nothing.
        let cut = if name.contains("spiral-checker") { 2 } else { 1 };
        fs::write(folder.join(format!("cut-{name}")), &whole[..whole.len() - cut]).unwrap();
    }
    // An end marker that belongs to a smaller picture inside, as cameras put one there, is not the end of the file.
    let mut photo = sample("03-plasma.jpg");
    let thumbnail = [0xff, 0xe1, 0, 8, 0xff, 0xd8, 0, 0, 0xff, 0xd9];
    photo.splice(2..2, thumbnail);
    photo.truncate(20_000);
    fs::write(folder.join("half-a-photo.jpg"), photo).unwrap();
    // What phones put behind a picture does not make it a truncated one.
    let mut motion = sample("04-mandelbrot.jpg");
    motion.extend(vec![0x55; 200_000]);
    fs::write(folder.join("motion.jpg"), motion).unwrap();
    fs::write(folder.join("empty.png"), "").unwrap();
    fs::write(folder.join("notes.txt"), "not an image").unwrap();
    fs::write(folder.join("lies.jpg"), "not an image either").unwrap();
    // Not an item: folders and hidden files.
    fs::create_dir(folder.join("more")).unwrap();
    fs::write(folder.join(".hidden"), "").unwrap();
    folder
}

#[test]
fn each_bad_image_raises_with_its_name_and_the_others_go_on() {
    let home = TempDir::new().unwrap();
    let input = hostile_folder(home.path());
    for executor in EXECUTORS {
        let thumbnails = home.path().join(executor);
        let output = poolscope(home.path())
            .args(["run", "thumbnails", "--json", "--executor", executor, "--workers", "2", "--chunksize", "4"])
            .args(["--set", &format!("input={}", input.display())])
            .args(["--set", &format!("output={}", thumbnails.display()), "--set", "size=64"])
            .output()
            .unwrap();
        let report = report(&output);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!((number(&report, "returned"), number(&report, "raised")), (4, 12), "{report}");
        let messages = messages(&report);
        let bad =
            ["truncated-02-sunset-hills.jpg", "truncated-14-circle-packing.png", "truncated-18-spiral-checker.gif"];
        for name in bad.into_iter().chain([
            "truncated-22-stained-glass.webp",
            "empty.png",
            "notes.txt",
            "lies.jpg",
            "half-a-photo.jpg",
        ]) {
            let told = messages.iter().any(|message| message.contains(name) && message.contains("can't decode"));
            assert!(told, "{name} is not told in {messages:?}");
            let twin = name.replacen("truncated-", "cut-", 1);
            assert!(messages.iter().any(|message| message.contains(&twin)), "{twin} is not told in {messages:?}");
        }
        let mut written: Vec<_> =
            fs::read_dir(&thumbnails).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        written.sort();
        assert_eq!(
            written,
            [".poolscope-thumbnails", "01-dunes.jpg", "13-voronoi-cells.png", "21-agate.webp", "motion.jpg"],
            "nothing half, and nothing else but which of them are thumbnails"
        );
        for name in written.iter().skip(1) {
            let thumbnail = image::open(thumbnails.join(name)).unwrap();
            assert_eq!(thumbnail.width().max(thumbnail.height()), 64);
        }
    }
}

#[cfg(unix)]
#[test]
fn thumbnails_are_files_like_others() {
    use std::os::unix::fs::PermissionsExt;
    let home = TempDir::new().unwrap();
    let folder = home.path().join("thumbnails");
    let output = format!("output={}", folder.display());
    let line = ["run", "thumbnails", "--executor", "threads", "--quiet", "--set", &output];
    assert_eq!(poolscope(home.path()).args(line).status().unwrap().code(), Some(0));
    let other = folder.join("other");
    fs::write(&other, "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&folder.join("01-dunes.jpg")), mode(&other));
}

/// A picture that says that it is 60,000 by 60,000 pixels, which would be 14 GB.
fn bomb() -> Vec<u8> {
    let crc = |bytes: &[u8]| {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
        })
    };
    let chunk = |kind: &[u8], data: &[u8]| {
        let body = [kind, data].concat();
        [&(data.len() as u32).to_be_bytes()[..], &body, &crc(&body).to_be_bytes()].concat()
    };
    let header = [&60_000_u32.to_be_bytes()[..], &60_000_u32.to_be_bytes(), &[8, 6, 0, 0, 0]].concat();
    let empty = [0x78, 0x9c, 0x03, 0, 0, 0, 0, 1];
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), &chunk(b"IDAT", &empty), &chunk(b"IEND", &[])].concat()
}

#[test]
fn an_image_that_declares_a_huge_size_is_refused_by_its_limit() {
    let home = TempDir::new().unwrap();
    let folder = home.path().join("bombs");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("bomb.png"), bomb()).unwrap();
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/samples/21-agate.webp"), folder.join("agate.webp"))
        .unwrap();
    for executor in ["threads", "processes"] {
        let line = format!("run thumbnails --json --executor {executor} --set input={}", folder.display());
        let report = report(&run(home.path(), &line));
        assert_eq!((number(&report, "returned"), number(&report, "raised")), (1, 1), "{report}");
        let told = messages(&report);
        assert!(told[0].contains("bomb.png") && told[0].to_lowercase().contains("limit"), "{told:?}");
    }
}

/// A thumbnail replaces thumbnails, and nothing that somebody else put there.
#[test]
fn what_is_no_thumbnail_is_not_replaced() {
    let home = TempDir::new().unwrap();
    let folder = folder(home.path());
    image::RgbImage::new(300, 200).save(folder.join("a.png")).unwrap();
    image::RgbImage::new(300, 200).save(folder.join("b.png")).unwrap();
    let output = home.path().join("thumbnails");
    fs::create_dir(&output).unwrap();
    fs::write(output.join("a.png"), "a picture of somebody's").unwrap();
    for _ in 0..2 {
        let (report, _) = thumbnails(home.path(), &folder, &[]);
        assert_eq!((number(&report, "returned"), number(&report, "raised")), (1, 1), "{report}");
        assert!(messages(&report)[0].contains("a.png is no thumbnail that Poolscope wrote"), "{report}");
    }
    assert_eq!(fs::read_to_string(output.join("a.png")).unwrap(), "a picture of somebody's");
    assert_eq!(image::open(output.join("b.png")).unwrap().width(), 100);
}

/// A GIF whose screen is smaller than its picture, or that lacks its trailer: others show it, and so is its thumbnail.
#[test]
fn a_gif_is_as_large_as_its_picture() {
    let home = TempDir::new().unwrap();
    let folder = folder(home.path());
    let picture = image::RgbaImage::from_pixel(300, 200, Rgba([255; 4]));
    picture.save(folder.join("whole.gif")).unwrap();
    let whole = fs::read(folder.join("whole.gif")).unwrap();
    let with_screen = |width: u16, height: u16| {
        let screen = [width.to_le_bytes(), height.to_le_bytes()].concat();
        [&whole[..6], &screen, &whole[10..]].concat()
    };
    fs::write(folder.join("none.gif"), with_screen(0, 0)).unwrap();
    fs::write(folder.join("small.gif"), with_screen(10, 10)).unwrap();
    fs::write(folder.join("endless.gif"), whole.strip_suffix(b";").unwrap()).unwrap();
    let (report, output) = thumbnails(home.path(), &folder, &[]);
    assert_eq!(number(&report, "returned"), 4, "{report}");
    for name in ["whole", "none", "small", "endless"] {
        let small = image::open(output.join(name).with_extension("gif")).unwrap().to_rgba8();
        assert_eq!(small.dimensions(), (100, 67), "{name}");
        assert!(small.pixels().all(|pixel| pixel.0 == [255; 4]), "{name}");
    }
}
