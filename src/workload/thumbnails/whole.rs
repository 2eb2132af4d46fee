//! Whether a file has its end. Decoders stop at the end of the first picture, and some fill in what is missing; on the other hand
//! many a good file has junk between its parts or behind its end, which decoders skip.

use image::ImageFormat;

/// Whether the picture in these bytes ends before they do.
pub(super) fn is_whole(bytes: &[u8], format: ImageFormat) -> bool {
    match format {
        ImageFormat::Jpeg => jpeg_scans(bytes).is_some_and(|scans| contains(scans, &[0xff, 0xd9])),
        ImageFormat::Png => contains(bytes, b"IEND\xae\x42\x60\x82"),
        ImageFormat::Gif => gif_ends(bytes).unwrap_or(false),
        // `RIFF`, then how many bytes follow.
        _ => bytes
            .get(4..8)
            .and_then(|size| size.try_into().ok())
            .is_some_and(|size| u64::from(u32::from_le_bytes(size)) + 8 <= bytes.len() as u64),
    }
}

/// Width and height in the header of a PNG file.
pub(super) fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let header = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?.get(4..)?.strip_prefix(b"IHDR")?;
    let side = |at: usize| header.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    Some((side(0)?, side(4)?))
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// What follows the first start of a scan of a JPEG file. The segments before it may hold whole smaller pictures, which are skipped;
/// so are stray bytes between segments, as libjpeg does.
fn jpeg_scans(bytes: &[u8]) -> Option<&[u8]> {
    const START_OF_SCAN: u8 = 0xda;
    /// Markers that stand alone: TEM, the restarts and the start of the image.
    const ALONE: [std::ops::RangeInclusive<u8>; 2] = [0x01..=0x01, 0xd0..=0xd8];
    let mut rest = bytes.get(2..)?;
    loop {
        // A marker is `ff`, perhaps more of them, and its kind, which is not 0.
        let start = rest.iter().position(|&byte| byte == 0xff)?;
        let filler = rest[start..].iter().take_while(|&&byte| byte == 0xff).count();
        let kind = *rest.get(start + filler)?;
        rest = &rest[start + filler + 1..];
        if kind == 0 || ALONE.iter().any(|alone| alone.contains(&kind)) {
            continue;
        }
        // Then the length of its segment, these two bytes included.
        let length = rest.get(..2)?.try_into().ok().map(u16::from_be_bytes)?;
        rest = rest.get(usize::from(length.max(2))..)?;
        if kind == START_OF_SCAN {
            return Some(rest);
        }
    }
}

/// Whether the blocks of a GIF file lead to its trailer; `None` if they end before it.
fn gif_ends(bytes: &[u8]) -> Option<bool> {
    const HEADER: usize = 13;
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut rest = bytes.get(HEADER + table(*bytes.get(10)?)..)?;
    loop {
        let (&kind, after) = rest.split_first()?;
        rest = match kind {
            b';' => return Some(true),
            // An extension: a label, then sub-blocks.
            b'!' => after_sub_blocks(after.get(1..)?)?,
            // An image: its descriptor, its colours, the code size, then sub-blocks.
            b',' => after_sub_blocks(after.get(9 + table(*after.get(8)?) + 1..)?)?,
            // Padding between blocks.
            0 => after,
            _ => return Some(false),
        };
    }
}

fn after_sub_blocks(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (&length, after) = rest.split_first()?;
        rest = after.get(usize::from(length)..)?;
        if length == 0 {
            return Some(rest);
        }
    }
}
