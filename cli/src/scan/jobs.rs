//! The inputs one after the other, or several at the same time with what they give still in the order of the inputs.

use std::{collections::VecDeque, io, sync::mpsc, thread};

use super::{Batch, Failure, Input, Settings, print::Printer, progress::Progress, read};

/// Batches that a reader may be ahead of the printer.
const AHEAD: usize = 4;

/// Told of an input that cannot be read.
type Refused<'a> = &'a mut dyn FnMut(anyhow::Error);

/// One input after the other, on this thread.
pub fn in_turn(
    inputs: &[Input],
    settings: &Settings,
    progress: &Progress,
    printer: &mut Printer<'_>,
    refused: Refused<'_>,
) -> io::Result<()> {
    for (index, input) in inputs.iter().enumerate() {
        match read::read(input, settings, progress, &mut |batch| printer.take(index, batch)) {
            Ok(()) => {}
            Err(Failure::Input(error)) => refused(error),
            Err(Failure::Output(error)) => return Err(error),
        }
    }
    Ok(())
}

/// What a reader on a thread of its own tells the printer.
enum Told {
    Batch(Batch),
    Failed(anyhow::Error),
}

/// At most `jobs` inputs at the same time, each on a thread. The printer takes the first of them to its end before it
/// looks at the next, which waits as soon as it is [`AHEAD`]; a new input begins when the first has ended.
pub fn side_by_side(
    jobs: usize,
    inputs: &[Input],
    settings: &Settings,
    progress: &Progress,
    printer: &mut Printer<'_>,
    refused: Refused<'_>,
) -> io::Result<()> {
    thread::scope(|scope| {
        let begin = |input: &'_ Input| {
            let (tell, told) = mpsc::sync_channel(AHEAD);
            let input = input.clone();
            scope.spawn(move || work(&input, settings, progress, &tell));
            told
        };
        let mut waiting = inputs.iter();
        let mut running: VecDeque<_> = waiting.by_ref().take(jobs).map(begin).collect();
        for index in 0.. {
            let Some(told) = running.pop_front() else { break };
            for told in told {
                match told {
                    // On an error all receivers are dropped, which ends the readers.
                    Told::Batch(batch) => printer.take(index, batch)?,
                    Told::Failed(error) => refused(error),
                }
            }
            running.extend(waiting.next().map(begin));
        }
        Ok(())
    })
}

fn work(input: &Input, settings: &Settings, progress: &Progress, tell: &mpsc::SyncSender<Told>) {
    let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    let read =
        read::read(input, settings, progress, &mut |batch| tell.send(Told::Batch(batch)).map_err(gone));
    if let Err(Failure::Input(error)) = read {
        // Nobody is left to be told where the printer is gone.
        tell.send(Told::Failed(error)).unwrap_or_default();
    }
}
