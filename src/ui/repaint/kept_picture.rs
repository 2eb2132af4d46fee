//! The picture of the window, kept by the graphics driver from frame to frame: what a window holds is undefined after each frame, so
//! it is painted elsewhere and copied.
//!
//! It is kept upside down, seen as OpenGL counts rows: from the top, as windows keep theirs. A driver that has no graphics card then
//! copies it row by row; to turn it over took it as long as to paint half of it (Mesa's llvmpipe, 1440 × 900: 27 ms).
//!
//! Calls into the driver are unsafe. What makes them sound: they are made only where the window's context is the current one of the
//! thread, when it was made and while a frame is painted; the names of what is made here never leave this file, and end with that
//! context, as there is one window.

#![expect(unsafe_code, reason = "calls into the graphics driver are promises that only this file has to keep")]

use eframe::glow::{self, HasContext};

/// See the module. It is empty before the first frame.
pub(super) struct KeptPicture {
    framebuffer: glow::NativeFramebuffer,
    pixels: glow::NativeTexture,
    /// In pixels.
    size: [u32; 2],
    /// Of the frame that it shows, if it shows one.
    number: Option<u64>,
}

impl KeptPicture {
    /// `None` if the driver is too old to keep one.
    pub(super) fn new(gl: &glow::Context) -> Option<Self> {
        // Copying needs OpenGL 3 or OpenGL ES 3.
        if gl.version().major < 3 {
            return None;
        }
        // SAFETY: see the module.
        unsafe {
            let framebuffer = gl.create_framebuffer().ok()?;
            let pixels = gl.create_texture().ok()?;
            Some(Self { framebuffer, pixels, size: [0; 2], number: None })
        }
    }

    /// The number of the frame that it shows, if it shows a whole one.
    pub(super) const fn number(&self) -> Option<u64> {
        self.number
    }

    /// Takes away what is in the part that painting is clipped to, and has what follows painted into this picture, of `size` pixels.
    pub(super) fn clear(&mut self, gl: &glow::Context, size: [u32; 2], background: [f32; 4]) {
        if self.size != size {
            self.resize(gl, size);
        }
        let [red, green, blue, alpha] = background;
        // SAFETY: see the module.
        unsafe {
            gl.bind_framebuffer(glow::FRAMEBUFFER, Some(self.framebuffer));
            gl.clear_color(red, green, blue, alpha);
            gl.clear(glow::COLOR_BUFFER_BIT);
        }
    }

    /// Copies it into the window, as the frame with that number, of which `all` or only what has changed since the last was painted.
    pub(super) fn show(&mut self, gl: &glow::Context, number: u64, all: bool) {
        let [width, height] = self.size.map(u32::cast_signed);
        // SAFETY: see the module.
        unsafe {
            gl.disable(glow::SCISSOR_TEST);
            gl.bind_framebuffer(glow::READ_FRAMEBUFFER, Some(self.framebuffer));
            gl.bind_framebuffer(glow::DRAW_FRAMEBUFFER, None);
            gl.blit_framebuffer(0, 0, width, height, 0, height, width, 0, glow::COLOR_BUFFER_BIT, glow::NEAREST);
            gl.bind_framebuffer(glow::FRAMEBUFFER, None);
        }
        // One that got another size in the middle has only what changed.
        self.number = (all || self.number.is_some()).then_some(number);
    }

    /// Makes it an empty one of that size.
    fn resize(&mut self, gl: &glow::Context, size: [u32; 2]) {
        (self.size, self.number) = (size, None);
        let [width, height] = size.map(u32::cast_signed);
        // As windows of such drivers have it.
        let (format, kind) = if gl.version().is_embedded {
            (glow::RGBA, glow::UNSIGNED_BYTE)
        } else {
            (glow::BGRA, glow::UNSIGNED_INT_8_8_8_8_REV)
        };
        let nothing = glow::PixelUnpackData::Slice(None);
        // SAFETY: see the module. No data is read.
        unsafe {
            gl.bind_texture(glow::TEXTURE_2D, Some(self.pixels));
            gl.tex_image_2d(glow::TEXTURE_2D, 0, glow::RGBA.cast_signed(), width, height, 0, format, kind, nothing);
            gl.tex_parameter_i32(glow::TEXTURE_2D, glow::TEXTURE_MIN_FILTER, glow::NEAREST.cast_signed());
            gl.tex_parameter_i32(glow::TEXTURE_2D, glow::TEXTURE_MAG_FILTER, glow::NEAREST.cast_signed());
            gl.bind_texture(glow::TEXTURE_2D, None);
            gl.bind_framebuffer(glow::FRAMEBUFFER, Some(self.framebuffer));
            let to = glow::COLOR_ATTACHMENT0;
            gl.framebuffer_texture_2d(glow::FRAMEBUFFER, to, glow::TEXTURE_2D, Some(self.pixels), 0);
        }
    }
}
