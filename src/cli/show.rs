//! `poolscope show`: what a run came to that was saved earlier.

use std::path::PathBuf;

use super::output::Output;
use super::{FAILURE, USAGE, complain};
use crate::lab::Run;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The file that the run was saved in
    file: PathBuf,
    #[command(flatten)]
    output: Output,
}

pub(super) fn main(arguments: &Arguments) -> u8 {
    let settings = match arguments.output.picture_settings() {
        Ok(settings) => settings,
        Err(message) => {
            complain(&message);
            return USAGE;
        }
    };
    match Run::open(&arguments.file, 1) {
        Ok(run) => arguments.output.put_out(&run, settings, false),
        Err(error) => {
            complain(&error.to_string());
            FAILURE
        }
    }
}
