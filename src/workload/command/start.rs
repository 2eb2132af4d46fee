//! Why a command could not be started. The system says "no such file" for a program that is missing, for a script whose interpreter
//! is, and for a folder that is gone: which of them it was is found out here.

use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{MAIN_SEPARATOR, PathBuf};
use std::process::Command;

#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error("no program `{0}` found")]
    NoSuchProgram(String),
    #[error("can't run `{program}`: its interpreter `{interpreter}` does not exist")]
    NoInterpreter { program: String, interpreter: String },
    #[error("can't run `{0}`: the loader or a part of the system that it was built for is missing")]
    NoLoader(String),
    #[error("can't run `{program}`: the folder `{folder}` does not exist")]
    NoFolder { program: String, folder: String },
    #[error("can't run `{0}`: it is a folder")]
    Folder(String),
    #[error("can't run `{program}`: it, or the interpreter that its first line names, is not executable")]
    NotExecutable {
        program: String,
        #[source]
        cause: io::Error,
    },
    #[error("can't run `{0}`: it is no program, and its first line names no interpreter (#!)")]
    NoProgram(String),
    #[error("can't run `{program}`")]
    System {
        program: String,
        #[source]
        cause: io::Error,
    },
}

/// What Unix says of a file that is no program and names no interpreter: `ENOEXEC`.
const NO_PROGRAM: Option<i32> = Some(8);

/// Why `command` did not start, of which the system said `error`.
pub(super) fn explain(command: &Command, error: io::Error) -> StartError {
    let program = command.get_program().display().to_string();
    match error.kind() {
        io::ErrorKind::NotFound => {}
        io::ErrorKind::PermissionDenied if is_folder(command) => return StartError::Folder(program),
        io::ErrorKind::PermissionDenied => return StartError::NotExecutable { program, cause: error },
        _ if cfg!(unix) && error.raw_os_error() == NO_PROGRAM => return StartError::NoProgram(program),
        _ => return StartError::System { program, cause: error },
    }
    if let Some(folder) = command.get_current_dir().filter(|folder| !folder.is_dir()) {
        return StartError::NoFolder { program, folder: folder.display().to_string() };
    }
    match file_of(command) {
        None => StartError::NoSuchProgram(program),
        Some(file) => match interpreter(&file) {
            Some(interpreter) => StartError::NoInterpreter { program, interpreter },
            None => StartError::NoLoader(program),
        },
    }
}

fn is_folder(command: &Command) -> bool {
    command.get_current_dir().map(PathBuf::from).unwrap_or_default().join(command.get_program()).is_dir()
}

/// The file that the system would run, if there is one.
fn file_of(command: &Command) -> Option<PathBuf> {
    let program = command.get_program();
    let folder = command.get_current_dir().map(PathBuf::from).unwrap_or_default();
    if program.as_encoded_bytes().contains(&(MAIN_SEPARATOR as u8)) {
        return Some(folder.join(program)).filter(|file| file.is_file());
    }
    let set = command.get_envs().find_map(|(name, value)| value.filter(|_| name == "PATH").map(ToOwned::to_owned));
    let path = set.or_else(|| env::var_os("PATH"))?;
    env::split_paths(&path).map(|place| folder.join(place).join(program)).find(|file| file.is_file())
}

/// What stands behind `#!` in its first line.
fn interpreter(file: &PathBuf) -> Option<String> {
    /// Linux reads no more.
    const LONGEST: u64 = 256;
    let mut line = Vec::new();
    BufReader::new(File::open(file).ok()?.take(LONGEST)).read_until(b'\n', &mut line).ok()?;
    let text = String::from_utf8_lossy(line.strip_prefix(b"#!")?).into_owned();
    // A carriage return is a part of the name, and often what is wrong with it.
    let name = text.trim_end_matches('\n').trim_start_matches([' ', '\t']).split([' ', '\t']).next()?;
    Some(name.escape_debug().to_string())
}
