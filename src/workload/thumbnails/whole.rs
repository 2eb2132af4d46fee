//! Whether a file has its end. Decoders stop at the end of the first picture, and some fill in what is missing; on the other hand
//! many a good file has junk between its parts or behind its end, which decoders skip.

use image::ImageFormat;

/// Whether the picture in these bytes ends before they do.
pub(super) fn is_whole(bytes: &[u8], format: ImageFormat) -> bool {
    match format {
        ImageFormat::Jpeg => jpeg_scans(bytes).is_some_and(|scans| contains(scans, &[0xff, 0xd9])),
        ImageFormat::Png => contains(bytes, b"IEND\xae\x42\x60\x82") || png_chunks_end(bytes).is_some(),
        ImageFormat::Gif => gif_blocks(bytes).is_some_and(|blocks| blocks.are_whole),
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

/// That the chunks of a PNG file are whole up to its end, if that is so, and pixels among them: what lacks only its last chunk, which says
/// nothing, is read by others too. Too few pixels are the decoder's to notice.
fn png_chunks_end(bytes: &[u8]) -> Option<()> {
    let mut rest = bytes.get(8..)?;
    let mut has_pixels = false;
    while !rest.is_empty() {
        let length = rest.get(..4)?.try_into().ok().map(u32::from_be_bytes)? as usize;
        has_pixels |= rest.get(4..8)? == b"IDAT";
        rest = rest.get(8 + length + 4..)?;
    }
    has_pixels.then_some(())
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

/// Makes the screen of a GIF file as large as its first picture, if that goes beyond it: as Pillow and browsers show it.
pub(super) fn mend_gif_screen(bytes: &mut [u8]) {
    /// Width and height in the header, and the place and size of a picture in its descriptor: two bytes each, the lower first.
    const SIZE: usize = 6;
    let Some(descriptor) = gif_blocks(bytes).and_then(|blocks| blocks.first_picture) else { return };
    let number = |bytes: &[u8], at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    for side in [0, 2] {
        let edge = number(bytes, descriptor + side).saturating_add(number(bytes, descriptor + 4 + side));
        if number(bytes, SIZE + side) < edge {
            bytes[SIZE + side..SIZE + side + 2].copy_from_slice(&edge.to_le_bytes());
        }
    }
}

/// How far the blocks of a GIF file go.
struct GifBlocks {
    /// Where the descriptor of the first picture is.
    first_picture: Option<usize>,
    /// The last of them is whole. Many a file lacks the trailer behind it.
    are_whole: bool,
}

/// `None` if it is no GIF file.
fn gif_blocks(bytes: &[u8]) -> Option<GifBlocks> {
    const HEADER: usize = 13;
    bytes.strip_prefix(b"GIF8")?;
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut rest = bytes.get(HEADER + table(*bytes.get(10)?)..)?;
    let mut first_picture = None;
    let are_whole = loop {
        let Some((&kind, after)) = rest.split_first() else { break first_picture.is_some() };
        let next = match kind {
            b';' => break true,
            // An extension: a label, then sub-blocks.
            b'!' => after.get(1..).and_then(after_sub_blocks),
            // An image: its descriptor, its colours, the code size, then sub-blocks.
            b',' if after.len() > 9 => {
                first_picture.get_or_insert(bytes.len() - after.len());
                after.get(9 + table(after[8]) + 1..).and_then(after_sub_blocks)
            }
            // Padding between blocks.
            0 => Some(after),
            _ => None,
        };
        match next {
            Some(next) => rest = next,
            None => break false,
        }
    };
    Some(GifBlocks { first_picture, are_whole })
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
