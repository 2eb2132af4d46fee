//! `poolscope list`: the workloads and what can be set.

use serde::Serialize;

use super::{FAILURE, SUCCESS, complain, print};
use crate::workload::catalogue;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// One JSON array on standard output
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    summary: &'static str,
    params: Vec<ParamEntry>,
}

#[derive(Serialize)]
struct ParamEntry {
    name: &'static str,
    takes: String,
    unit: &'static str,
    default: String,
    help: &'static str,
}

pub(super) fn main(arguments: &Arguments) -> u8 {
    let entries: Vec<Entry> = catalogue()
        .iter()
        .map(|workload| Entry {
            name: workload.name(),
            summary: workload.summary(),
            params: workload
                .params()
                .into_iter()
                .map(|param| ParamEntry {
                    name: param.name,
                    takes: param.describe(),
                    unit: param.unit,
                    default: param.default,
                    help: param.help,
                })
                .collect(),
        })
        .collect();
    let text = if arguments.json {
        serde_json::to_string_pretty(&entries).map(|json| json + "\n")
    } else {
        Ok(readable(&entries))
    };
    match text {
        Ok(text) if print(&text) => SUCCESS,
        Ok(_) => FAILURE,
        Err(error) => {
            complain(&error.to_string());
            FAILURE
        }
    }
}

fn readable(entries: &[Entry]) -> String {
    let params = |entry: &Entry| -> String { entry.params.iter().map(readable_param).collect() };
    let lines: Vec<_> =
        entries.iter().map(|entry| format!("{}: {}\n{}", entry.name, entry.summary, params(entry))).collect();
    lines.concat()
}

fn readable_param(ParamEntry { name, takes, default, help, .. }: &ParamEntry) -> String {
    format!("  --set {name}={default}\n      {help} Takes {takes}.\n")
}
