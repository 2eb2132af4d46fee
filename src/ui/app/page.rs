//! Where the window has no room for panels beside each other, it shows them one at a time.

use eframe::egui::Context;

use super::App;
use crate::ui::action::Action;
use crate::ui::toolbar;

/// In a window that is lower than this, in points, panels beside each other would cut each other off.
const LOWEST: f32 = 500.0;
/// As low as this, the chart has no room for the data flow above it.
const LOWEST_WITH_FLOW: f32 = 430.0;

/// What is shown in such a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Page {
    Settings,
    Flow,
    #[default]
    Chart,
    Details,
    /// The item or the area that is selected.
    Selected,
    Lessons,
}

/// The one that is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pages {
    pub(super) shown: Page,
    /// It was turned to by something that was asked for: what had the keyboard may be out of sight.
    pub(super) turned: bool,
}

impl Page {
    /// From left to right.
    const ALL: [Self; 6] = [Self::Settings, Self::Flow, Self::Chart, Self::Details, Self::Selected, Self::Lessons];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Settings => "Settings",
            Self::Flow => "Data flow",
            Self::Chart => "Chart",
            Self::Details => "Details",
            Self::Selected => "Inspector",
            Self::Lessons => "Lessons",
        }
    }

    pub(super) const fn help(self) -> &'static str {
        match self {
            Self::Settings => "What to run, on which executor, and the runs so far",
            Self::Flow => "The queues of the executor, and what is in them",
            Self::Chart => "What each worker did, over time",
            Self::Details => "Curves, histograms, tables, errors and the log",
            Self::Selected => "The item or the area that is selected",
            Self::Lessons => "Published examples to learn from",
        }
    }

    /// Whether the window has to show one at a time.
    pub(super) fn are_needed(context: &Context) -> bool {
        toolbar::is_tight(context) || context.content_rect().height() < LOWEST
    }

    /// Those that there are, from left to right; `selects` = something is selected.
    pub(super) fn all(context: &Context, selects: bool) -> Vec<Self> {
        let is_there = |page: &Self| match page {
            Self::Flow => Self::splits_flow(context),
            Self::Selected => selects,
            _ => true,
        };
        Self::ALL.into_iter().filter(is_there).collect()
    }

    /// Whether the data flow has a page of its own.
    pub(super) fn splits_flow(context: &Context) -> bool {
        context.content_rect().height() < LOWEST_WITH_FLOW
    }

    /// Where what somebody asks for is to be seen; `None` = it can be anywhere.
    fn that_shows(action: &Action) -> Option<Self> {
        match action {
            Action::Run
            | Action::RunLesson(_)
            | Action::ShowRun(_)
            | Action::ShowLessonRuns
            | Action::Move(_)
            | Action::ShowTimes(..) => Some(Self::Chart),
            Action::ShowTab(_) | Action::Compare | Action::RunAgain { .. } => Some(Self::Details),
            Action::ChooseWorkload(_) | Action::TakeOver(_) | Action::RenameRun(_) => Some(Self::Settings),
            Action::OpenLesson(_) => Some(Self::Lessons),
            _ => None,
        }
    }
}

impl App {
    /// Goes to a page.
    pub(super) fn turn_to(&mut self, page: Page) {
        self.pages.shown = page;
        self.lessons.open |= page == Page::Lessons;
    }

    /// Goes where what is asked for will be seen, if there is only one page at a time.
    pub(super) fn turn_to_what_shows(&mut self, context: &Context, action: &Action) {
        if !Page::are_needed(context) {
            return;
        }
        let page = match action {
            Action::ToggleLessons if self.pages.shown == Page::Lessons => Some(Page::Chart),
            Action::ToggleLessons => {
                // Lessons that are open behind another page come before it.
                self.lessons.open = false;
                Some(Page::Lessons)
            }
            _ => Page::that_shows(action),
        };
        if let Some(page) = page.filter(|page| *page != self.pages.shown) {
            self.pages = Pages { shown: page, turned: true };
        }
    }
}
