//! The end of the program, with and without its guard: this test starts itself, with the argument `exit` and what to do.

use std::process::{Command, Stdio};
use std::time::Duration;

use libtest_mimic::Trial;
use poolscope::executor::{
    Executor, ExitGuard, Function, NoEvents, ProcessPoolExecutor, RawExecutor, SubmitError, ThreadPoolExecutor,
};

use crate::functions::{MARKED, POWER, SLEEP};
use crate::traced::worker_command;
use crate::trial;

pub fn trials() -> Vec<Trial> {
    let runs = |name: &'static str, what: &'static str, expected: &'static str| {
        trial(format!("exit::{name}"), move || assert_eq!(run(what), expected))
    };
    vec![
        // test_hang_gh83386, required of the process pool too
        runs("a_thread_pool_that_was_not_waited_for_still_runs", "threads", "3 ran\n"),
        runs("a_process_pool_that_was_not_waited_for_still_runs", "processes", "3 ran\n"),
        runs("a_pool_that_was_dropped_still_runs", "dropped", "3 ran\n"),
        runs(
            "whoever_submits_while_the_program_ends_is_told_so",
            "late",
            "cannot submit while the program is ending\n",
        ),
        // test_process_fork_from_a_threadpool
        runs("a_task_may_start_a_program", "child", "3 ran\n"),
        // test_cancel_futures_wait_false: either is right, silence on standard error and an end are what is asked
        trial("exit::a_shutdown_that_cancels_does_not_hang", || {
            assert!(["1 ran\n", "0 ran\n"].contains(&&*run("cancel")));
        }),
    ]
}

/// Standard output of this program, doing `what`; nothing may be on standard error, and the end must be a good one.
fn run(what: &str) -> String {
    let program = Command::new(std::env::current_exe().unwrap()).args(["exit", what]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&program.stderr), "");
    assert!(program.status.success(), "{}", program.status);
    String::from_utf8(program.stdout).unwrap()
}

const COUNT: Function<u64, ()> = Function::new("count", |_, context| {
    context.sleep(Duration::from_millis(50))?;
    MARKED.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    Ok(())
});

/// Prints how many tasks have run, after everything else in `main` was dropped.
struct Tell;

impl Drop for Tell {
    fn drop(&mut self) {
        println!("{} ran", MARKED.load(std::sync::atomic::Ordering::SeqCst));
    }
}

pub fn be_the_program() {
    let what = std::env::args().nth(2).unwrap();
    let tell = (what != "late").then(|| Tell);
    let guard = ExitGuard::new();
    let threads = ThreadPoolExecutor::builder().max_workers(1).build().unwrap();
    match what.as_str() {
        "threads" => {
            (0..3).for_each(|n| drop(threads.submit(COUNT, n).unwrap()));
            threads.shutdown(false, false);
        }
        "dropped" => (0..3).for_each(|n| drop(threads.submit(COUNT, n).unwrap())),
        "processes" => {
            let processes = ProcessPoolExecutor::new(2, worker_command(), NoEvents::shared()).unwrap();
            for _ in 0..3 {
                let future = processes.submit(SLEEP, Duration::from_millis(50)).unwrap();
                future.add_done_callback(|future| {
                    let ran = u64::from(future.result(Some(Duration::ZERO)).is_ok());
                    MARKED.fetch_add(ran, std::sync::atomic::Ordering::SeqCst);
                });
            }
            processes.shutdown(false, false);
        }
        "late" => {
            let (begun, wait) = std::sync::mpsc::channel();
            // Runs on while the guard waits for it, and only then submits to another pool.
            let other = ThreadPoolExecutor::builder().max_workers(1).build().unwrap();
            let late = threads.submit_closure(move |_| {
                begun.send(()).unwrap();
                loop {
                    match other.submit(POWER, (2, 2)) {
                        Ok(_) => std::thread::yield_now(),
                        Err(refused) => break Ok(refused),
                    }
                }
            });
            late.unwrap().add_done_callback(|late| match late.result(Some(Duration::ZERO)) {
                Ok(refused @ SubmitError::ProgramEnding) => println!("{refused}"),
                other => println!("{other:?}"),
            });
            wait.recv().unwrap();
        }
        "child" => {
            let count = |_: &_| {
                let status = Command::new(std::env::current_exe().unwrap())
                    .args(["exit", "threads"])
                    .stdout(Stdio::null())
                    .status()
                    .unwrap();
                assert!(status.success());
                MARKED.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                Ok(())
            };
            (0..3).for_each(|_| drop(threads.submit_closure(count).unwrap()));
        }
        "cancel" => {
            drop(threads.submit(COUNT, 0).unwrap());
            threads.shutdown(false, true);
        }
        other => panic!("{other}?"),
    }
    drop(threads);
    drop(guard);
    drop(tell);
}
