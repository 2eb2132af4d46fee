//! Which way up a picture is, wherever its file says so: in Exif, which PNG allows before and behind the pixels and some programs
//! begin with a prefix that belongs to JPEG, or in XMP.

use image::metadata::Orientation;
use image::{ImageDecoder, ImageFormat};

/// What makes the picture upright. Exif is believed before XMP, as the Metadata Working Group recommends.
pub(super) fn read(decoder: &mut impl ImageDecoder, format: ImageFormat, bytes: &[u8]) -> Orientation {
    let exif = decoder.exif_metadata().ok().flatten();
    let exif = exif.or_else(|| if format == ImageFormat::Png { png_exif(bytes).map(<[u8]>::to_vec) } else { None });
    let of_exif = exif.as_deref().and_then(|exif| {
        let tiff = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
        Orientation::from_exif_chunk(tiff)
    });
    let of_xmp = || decoder.xmp_metadata().ok().flatten().as_deref().and_then(xmp_orientation);
    of_exif.or_else(of_xmp).unwrap_or(Orientation::NoTransforms)
}

/// The content of a PNG file's `eXIf` chunk, wherever it stands.
fn png_exif(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes.get(8..)?;
    loop {
        let length = rest.get(..4)?.try_into().ok().map(u32::from_be_bytes)? as usize;
        let (kind, content) = (rest.get(4..8)?, rest.get(8..8 + length)?);
        if kind == b"eXIf" {
            return Some(content);
        }
        rest = rest.get(8 + length + 4..)?;
    }
}

/// `tiff:Orientation` as an attribute or an element.
fn xmp_orientation(xmp: &[u8]) -> Option<Orientation> {
    const NAME: &[u8] = b"tiff:Orientation";
    let at = xmp.windows(NAME.len()).position(|window| window == NAME)?;
    let value = &xmp[at + NAME.len()..];
    let digit = value.iter().find(|byte| !b"=\"'> \t\r\n".contains(byte))?;
    Orientation::from_exif(digit.checked_sub(b'0')?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xmp_states_it_as_attribute_or_element() {
        for text in ["<a tiff:Orientation=\"6\"/>", "<tiff:Orientation>6</tiff:Orientation>", "tiff:Orientation = '6'"]
        {
            assert_eq!(xmp_orientation(text.as_bytes()), Some(Orientation::Rotate90), "{text}");
        }
        assert_eq!(xmp_orientation(b"tiff:Orientation=\"9\""), None);
        assert_eq!(xmp_orientation(b"<x/>"), None);
    }
}
