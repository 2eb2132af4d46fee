//! Futures by themselves, and waiting for many of them. The names in comments are CPython's tests.

use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use libtest_mimic::Trial;
use poolscope::executor::{
    FutureState, ResultError, ReturnWhen, TaskError, TaskFuture, as_completed, gather, gather_results, wait,
};

use crate::traced::PATIENCE;
use crate::trial;

const NOW: Option<Duration> = Some(Duration::ZERO);

pub fn trials() -> Vec<Trial> {
    vec![
        trial("futures::states_and_what_they_answer", states_and_what_they_answer),
        trial("futures::final_states_are_final", final_states_are_final),
        trial("futures::callbacks_run_once_in_order_and_a_panic_stays_in_one", callbacks),
        trial("futures::a_callback_added_late_runs_at_once", late_callback),
        trial("futures::blocked_result_is_woken_by_value_and_by_cancel", blocked_result),
        trial("futures::cancel_races_start_and_one_of_them_wins", cancel_races_start),
        trial("futures::debug_text_names_state_and_outcome", debug_text),
        trial("futures::wait_returns_when_it_was_told_to", wait_modes),
        trial("futures::wait_counts_a_cancelled_future_as_done", wait_and_cancelled),
        trial("futures::as_completed_yields_each_once_then_says_what_is_missing", as_completed_deadline),
        trial("futures::as_completed_follows_completion", as_completed_order),
        trial("futures::await_and_gather", await_and_gather),
        trial("futures::gather_fails_with_the_first_error", gather_fails_at_once),
        trial("futures::a_snapshot_is_one_moment", snapshots),
    ]
}

fn in_state(state: FutureState) -> TaskFuture<u32> {
    let future = TaskFuture::new();
    match state {
        FutureState::Pending => {}
        FutureState::Running => assert!(future.set_running_or_notify_cancel().unwrap()),
        FutureState::Cancelled => assert!(future.cancel()),
        FutureState::CancelledAndNotified => {
            assert!(future.cancel());
            assert!(!future.set_running_or_notify_cancel().unwrap());
        }
        FutureState::Finished => future.set_result(42).unwrap(),
    }
    assert_eq!(future.state(), state);
    future
}

fn failed() -> TaskFuture<u32> {
    let future = TaskFuture::new();
    // An error that says nothing is an error all the same (test_swallows_falsey_exceptions).
    future.set_exception(TaskError::message("")).unwrap();
    future
}

// test_cancel, test_cancelled, test_done, test_running, test_result_with_timeout, test_exception_with_timeout
fn states_and_what_they_answer() {
    use FutureState::{Cancelled, CancelledAndNotified, Finished, Pending, Running};
    for (state, done, running, cancelled, cancel) in [
        (Pending, false, false, false, true),
        (Running, false, true, false, false),
        (Cancelled, true, false, true, true),
        (CancelledAndNotified, true, false, true, true),
        (Finished, true, false, false, false),
    ] {
        let future = in_state(state);
        assert_eq!((future.done(), future.running(), future.cancelled()), (done, running, cancelled), "{state:?}");
        let result = match state {
            Pending | Running => Err(ResultError::TimedOut),
            Cancelled | CancelledAndNotified => Err(ResultError::Cancelled),
            Finished => Ok(42),
        };
        assert_eq!(future.result(NOW), result, "{state:?}");
        assert_eq!(future.exception(NOW), result.map(|_| None), "{state:?}");
        assert_eq!(future.cancel(), cancel, "{state:?}");
    }
    assert_eq!(failed().result(NOW), Err(ResultError::Task(TaskError::message(""))));
    assert_eq!(failed().exception(NOW), Ok(Some(TaskError::message(""))));
}

// test_multiple_set_result, test_multiple_set_exception
fn final_states_are_final() {
    for future in [in_state(FutureState::Finished), in_state(FutureState::Cancelled), failed()] {
        let before = future.result(NOW);
        assert!(future.set_result(1).is_err());
        let error = future.set_exception(TaskError::message("late")).unwrap_err();
        assert!(error.to_string().starts_with("invalid state: "), "{error}");
        assert_eq!(future.result(NOW), before);
    }
    for state in [FutureState::Running, FutureState::CancelledAndNotified, FutureState::Finished] {
        assert!(in_state(state).set_running_or_notify_cancel().is_err(), "{state:?}");
    }
}

// test_done_callback_*: with a result, an error, a cancel; raising ones
fn callbacks() {
    for finish in [
        (|future| future.set_result(5).unwrap()) as fn(&TaskFuture<u32>),
        |future| future.set_exception(TaskError::message("no")).unwrap(),
        |future| assert!(future.cancel()),
    ] {
        let future = TaskFuture::new();
        let ran = Arc::new(Mutex::new(Vec::new()));
        for number in 0..4 {
            let ran = Arc::clone(&ran);
            future.add_done_callback(move |future| {
                assert!(future.done());
                ran.lock().unwrap().push(number);
                assert!(number != 1, "a callback that panics");
            });
        }
        finish(&future);
        assert!(!future.cancel() || future.cancelled());
        assert_eq!(*ran.lock().unwrap(), [0, 1, 2, 3]);
    }
}

// test_done_callback_already_*
fn late_callback() {
    for future in [in_state(FutureState::Finished), in_state(FutureState::Cancelled), failed()] {
        let (sender, receiver) = std::sync::mpsc::channel();
        future.add_done_callback(move |_| sender.send(thread::current().id()).unwrap());
        assert_eq!(receiver.recv().unwrap(), thread::current().id());
        future.add_done_callback(|_| panic!("stays in here"));
    }
}

// test_result_with_success, test_result_with_cancel
fn blocked_result() {
    for cancel in [false, true] {
        let future = TaskFuture::new();
        let waiter = future.clone();
        let thread = thread::spawn(move || waiter.result(Some(PATIENCE)));
        if cancel {
            assert!(future.cancel());
        } else {
            future.set_result(42).unwrap();
        }
        let expected = if cancel { Err(ResultError::Cancelled) } else { Ok(42) };
        assert_eq!(thread.join().unwrap(), expected);
    }
}

fn cancel_races_start() {
    let (mut cancels, mut starts) = (0, 0);
    for _ in 0..2_000 {
        let future = TaskFuture::<u32>::new();
        let barrier = Barrier::new(2);
        let (cancel, start) = thread::scope(|scope| {
            let canceller = scope.spawn(|| {
                barrier.wait();
                future.cancel()
            });
            barrier.wait();
            let start = future.set_running_or_notify_cancel().unwrap();
            (canceller.join().unwrap(), start)
        });
        assert!(cancel != start, "both or neither won");
        cancels += u32::from(cancel);
        starts += u32::from(start);
    }
    assert_eq!(cancels + starts, 2_000);
}

// test_repr
fn debug_text() {
    let text = |future: TaskFuture<u32>| format!("{future:?}");
    assert!(text(in_state(FutureState::Pending)).contains("state=pending"));
    assert!(text(in_state(FutureState::Running)).contains("state=running"));
    assert!(text(in_state(FutureState::Cancelled)).contains("state=cancelled"));
    assert!(text(in_state(FutureState::CancelledAndNotified)).contains("state=cancelled"));
    assert!(text(in_state(FutureState::Finished)).contains("state=finished returned u32"));
    assert!(text(failed()).contains("state=finished raised"));
}

// test_first_completed, test_first_exception*, test_all_completed, test_timeout, test_20369
fn wait_modes() {
    let open = TaskFuture::<u32>::new();
    let done = in_state(FutureState::Finished);
    let both = || [open.clone(), done.clone(), done.clone()];
    for mode in [ReturnWhen::FirstCompleted, ReturnWhen::FirstException, ReturnWhen::AllCompleted] {
        let timeout = (mode != ReturnWhen::FirstCompleted).then_some(Duration::from_millis(1));
        let found = wait(both(), timeout, mode);
        assert_eq!((found.done.len(), found.not_done.len()), (1, 1), "{mode:?}");
    }
    let found = wait([open.clone(), failed()], None, ReturnWhen::FirstException);
    assert_eq!(found.not_done, std::slice::from_ref(&open));
    let found = wait(Vec::<TaskFuture<u32>>::new(), None, ReturnWhen::AllCompleted);
    assert!(found.done.is_empty() && found.not_done.is_empty());
    // One that fails later wakes the waiter; one that is cancelled does not count as a failure.
    let (fails, cancelled) = (TaskFuture::<u32>::new(), TaskFuture::<u32>::new());
    let waiting = [open, fails.clone(), cancelled.clone()];
    let thread = thread::spawn(move || wait(waiting, Some(PATIENCE), ReturnWhen::FirstException));
    cancelled.cancel();
    fails.set_exception(TaskError::message("no")).unwrap();
    assert_eq!(thread.join().unwrap().not_done.len(), 1);
}

fn wait_and_cancelled() {
    let future = TaskFuture::<u32>::new();
    let waiter = future.clone();
    let thread = thread::spawn(move || wait([waiter], None, ReturnWhen::AllCompleted));
    future.cancel();
    assert_eq!(thread.join().unwrap().done, [future]);
}

// test_no_timeout, test_future_times_out, test_duplicate_futures
fn as_completed_deadline() {
    let open = TaskFuture::<u32>::new();
    let futures =
        [in_state(FutureState::Finished), open.clone(), in_state(FutureState::CancelledAndNotified), failed(), open];
    for timeout in [Duration::ZERO, Duration::from_millis(10)] {
        let yielded: Vec<_> = as_completed(futures.clone(), Some(timeout)).collect();
        assert_eq!(yielded.len(), 4);
        assert!(yielded[..3].iter().all(Result::is_ok));
        assert_eq!(yielded[3].as_ref().unwrap_err().to_string(), "1 (of 4) futures unfinished");
    }
}

fn as_completed_order() {
    let futures: Vec<_> = (0..4).map(|_| TaskFuture::<u32>::new()).collect();
    let mut completed = as_completed(futures.clone(), Some(PATIENCE));
    futures[1].set_result(1).unwrap();
    assert_eq!(completed.next(), Some(Ok(futures[1].clone())));
    for index in [3, 0, 2] {
        futures[index].set_result(0).unwrap();
    }
    let rest: Vec<_> = completed.map(Result::unwrap).collect();
    assert_eq!(rest, [futures[3].clone(), futures[0].clone(), futures[2].clone()]);
}

fn await_and_gather() {
    let future = TaskFuture::new();
    let setter = future.clone();
    let thread = thread::spawn(move || setter.set_result(42).unwrap());
    assert_eq!(pollster::block_on(future.clone()), Ok(42));
    thread.join().unwrap();
    let all = [future.clone(), failed(), in_state(FutureState::Cancelled)];
    assert_eq!(pollster::block_on(gather(all.clone())), Err(ResultError::Task(TaskError::message(""))));
    assert_eq!(pollster::block_on(gather([future.clone(), future.clone()])), Ok(vec![42, 42]));
    assert_eq!(pollster::block_on(gather(Vec::<TaskFuture<u32>>::new())), Ok(Vec::new()));
    let results = pollster::block_on(gather_results(all));
    assert_eq!(results, [Ok(42), Err(ResultError::Task(TaskError::message(""))), Err(ResultError::Cancelled)]);
}

/// As asyncio's: the first error ends the wait, whatever is still pending.
fn gather_fails_at_once() {
    let (pending, fails) = (TaskFuture::<u32>::new(), TaskFuture::<u32>::new());
    let setter = fails.clone();
    let thread = thread::spawn(move || setter.set_exception(TaskError::message("no")).unwrap());
    let gathered = pollster::block_on(gather([pending.clone(), fails]));
    assert_eq!(gathered, Err(ResultError::Task(TaskError::message("no"))));
    assert!(!pending.done(), "the others go on");
    thread.join().unwrap();
}

/// State and result belong together, however the future is finished meanwhile.
fn snapshots() {
    for state in [FutureState::Pending, FutureState::Running, FutureState::Cancelled, FutureState::CancelledAndNotified]
    {
        let snapshot = in_state(state).snapshot();
        assert_eq!((snapshot.state, snapshot.result), (state, None));
    }
    assert_eq!(failed().snapshot().result, Some(Err(TaskError::message(""))));
    for _ in 0..200 {
        let future = TaskFuture::new();
        let setter = future.clone();
        let thread = thread::spawn(move || setter.set_result(42).unwrap());
        loop {
            let snapshot = future.snapshot();
            assert_eq!(snapshot.done(), snapshot.result.is_some());
            if snapshot.done() {
                assert_eq!(snapshot.result, Some(Ok(42)));
                break;
            }
        }
        thread.join().unwrap();
    }
}
