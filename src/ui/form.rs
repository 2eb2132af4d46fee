//! What stands in the fields of the settings panel: text, as typed, until Run makes settings of it. It is what the window
//! remembers between starts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::executor::{GilMode, GilSettings, OnWorkerDeath};
use crate::lab::{
    CheckedSettings, Collect, ExecutorKind, OnError, RunSettings, parse_chunksize, parse_max_tasks_per_child,
    parse_seed, parse_switch_interval, parse_timeout, parse_workers,
};
use crate::workload::{self, FieldError, Initializer, Param, Workload};

/// See the module.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Form {
    pub(super) workload: String,
    /// Of each workload, so that a look at another loses nothing.
    params: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) executor: ExecutorKind,
    pub(super) workers: String,
    pub(super) chunksize: String,
    pub(super) collect: Collect,
    pub(super) timeout: String,
    pub(super) on_error: OnError,
    pub(super) gil: GilMode,
    pub(super) switch_interval: String,
    pub(super) initializer: String,
    pub(super) max_tasks_per_child: String,
    pub(super) on_worker_death: OnWorkerDeath,
    pub(super) seed: String,
}

impl Default for Form {
    /// A first press of Run shows some seconds of real work in chunks, more workers than most machines have to spare.
    fn default() -> Self {
        let sum = BTreeMap::from([("tasks", "60"), ("to", "50000000")].map(|(k, v)| (k.to_owned(), v.to_owned())));
        Self {
            workload: "sum".to_owned(),
            params: BTreeMap::from([("sum".to_owned(), sum)]),
            executor: ExecutorKind::Processes,
            workers: "4".to_owned(),
            chunksize: "3".to_owned(),
            collect: Collect::Map,
            timeout: String::new(),
            on_error: OnError::Continue,
            gil: GilMode::Off,
            switch_interval: GilSettings::SWITCH_INTERVAL.as_secs_f64().to_string(),
            initializer: String::new(),
            max_tasks_per_child: String::new(),
            on_worker_death: OnWorkerDeath::default(),
            seed: "0".to_owned(),
        }
    }
}

impl Form {
    /// The parameters of the chosen workload. None if a remembered workload no longer exists.
    pub(super) fn params(&self) -> Vec<Param> {
        workload::find(&self.workload).map(Workload::params).unwrap_or_default()
    }

    /// The text of a parameter, to be edited.
    pub(super) fn param_text(&mut self, param: &Param) -> &mut String {
        let texts = self.params.entry(self.workload.clone()).or_default();
        texts.entry(param.name.to_owned()).or_insert_with(|| param.readable(&param.default))
    }

    /// Puts the default back.
    pub(super) fn reset_params(&mut self) {
        self.params.remove(&self.workload);
    }

    /// Gives a parameter of `workload` its text.
    pub(super) fn set_param(&mut self, workload: &str, name: &str, text: String) {
        self.params.entry(workload.to_owned()).or_default().insert(name.to_owned(), text);
    }

    /// Shows `settings`, to be varied.
    pub(super) fn take_over(&mut self, settings: RunSettings) {
        self.workers = settings.workers.to_string();
        self.chunksize = settings.chunksize.to_string();
        self.timeout = settings.timeout.map(|seconds| seconds.to_string()).unwrap_or_default();
        self.switch_interval = settings.switch_interval.to_string();
        self.initializer = settings.initializer.to_string();
        self.max_tasks_per_child = settings.max_tasks_per_child.map(|calls| calls.to_string()).unwrap_or_default();
        self.on_worker_death = settings.on_worker_death;
        self.seed = settings.seed.to_string();
        (self.executor, self.collect, self.on_error, self.gil) =
            (settings.executor, settings.collect, settings.on_error, settings.gil);
        self.params.insert(settings.workload.clone(), settings.params);
        self.workload = settings.workload;
    }

    /// Everything parsed and checked.
    ///
    /// # Errors
    /// All fields that are wrong, in the order in which they stand.
    pub(super) fn check(&self) -> Result<CheckedSettings, Vec<FieldError>> {
        let known = self.params();
        let mut params = self.params.get(&self.workload).cloned().unwrap_or_default();
        // What an older version remembered and this one doesn't know is no reason to refuse.
        params.retain(|name, _| known.iter().any(|param| param.name == name));
        // How a number is written is no part of what is run.
        for param in &known {
            params.entry(param.name.to_owned()).and_modify(|text| *text = param.plain(text));
        }
        let text = |param: &Param| params.get(param.name).unwrap_or(&param.default).clone();
        let mut errors: Vec<_> = known.iter().filter_map(|param| param.check(&text(param)).err()).collect();
        let mut kept = |error| errors.push(error);
        // Fields that are out of use can hold what they like.
        let one = "1".to_owned();
        let workers = if self.executor == ExecutorKind::Sequential { &one } else { &self.workers };
        let chunksize = if self.collect == Collect::Map { &self.chunksize } else { &one };
        let workers = parse_workers(workers, self.executor).map_err(&mut kept);
        let chunksize = parse_chunksize(chunksize).map_err(&mut kept);
        let timeout = parse_timeout(&self.timeout).map_err(&mut kept);
        let standard = GilSettings::SWITCH_INTERVAL.as_secs_f64();
        let switch_interval = match self.gil {
            GilMode::Off => Ok(standard),
            GilMode::Shared | GilMode::PerWorker => parse_switch_interval(&self.switch_interval).map_err(&mut kept),
        };
        let initializer = match self.executor {
            ExecutorKind::Sequential => Ok(Initializer::None),
            _ => Initializer::parse(&self.initializer).map_err(&mut kept),
        };
        let max_tasks_per_child = match self.executor {
            ExecutorKind::Processes => parse_max_tasks_per_child(&self.max_tasks_per_child).map_err(&mut kept),
            _ => Ok(None),
        };
        let seed = parse_seed(&self.seed).map_err(&mut kept);
        let (Ok(workers), Ok(chunksize), Ok(timeout), Ok(switch_interval), []) =
            (workers, chunksize, timeout, switch_interval, errors.as_slice())
        else {
            return Err(errors);
        };
        let (Ok(initializer), Ok(max_tasks_per_child), Ok(seed)) = (initializer, max_tasks_per_child, seed) else {
            return Err(errors);
        };
        let settings = RunSettings {
            workload: self.workload.clone(),
            params,
            executor: self.executor,
            workers,
            chunksize,
            collect: self.collect,
            timeout,
            on_error: self.on_error,
            gil: self.gil,
            switch_interval,
            initializer,
            max_tasks_per_child,
            on_worker_death: self.on_worker_death,
            seed,
        };
        settings.check().map_err(|error| vec![error])
    }
}
