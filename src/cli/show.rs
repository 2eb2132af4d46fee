//! `poolscope show`: what a run came to that was saved earlier.

use std::path::PathBuf;

use super::output::Output;
use super::{FAILURE, USAGE, complain};
use crate::lab::Run;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The file that the run was saved in; - for standard input
    file: PathBuf,
    #[command(flatten)]
    output: Output,
}

pub(super) fn main(arguments: &Arguments) -> u8 {
    let settings = match arguments.output.check(std::slice::from_ref(&arguments.file)) {
        Ok(settings) => settings,
        Err(message) => {
            complain(&message);
            return USAGE;
        }
    };
    // As for other programs, - is standard input.
    let file = if arguments.file.as_os_str() == "-" { "/dev/stdin".into() } else { arguments.file.clone() };
    match Run::open(&file, 1) {
        Ok(run) => arguments.output.put_out(&run, settings, false),
        Err(error) => {
            complain(&error.to_string());
            FAILURE
        }
    }
}
