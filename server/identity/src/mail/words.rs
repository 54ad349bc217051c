//! The sentences of mails, by language.

/// A language in which mails are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
}

/// One method a sentence; each language answers all of them.
impl Language {
    /// Its tag (BCP 47).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
        }
    }

    pub(super) fn greeting(self, name: &str) -> String {
        match self {
            Self::English if name.is_empty() => "Hello,".to_owned(),
            Self::English => format!("Hello {name},"),
        }
    }

    pub(super) fn reset_intro(self, brand: &str, username: &str) -> String {
        match self {
            Self::English => format!("somebody asked for a new password for your account “{username}” at {brand}."),
        }
    }

    pub(super) fn reset_action(self) -> &'static str {
        match self {
            Self::English => "Choose a new password",
        }
    }

    pub(super) fn confirm_intro(self, brand: &str, username: &str) -> String {
        match self {
            Self::English => {
                format!("please confirm that this address belongs to your account “{username}” at {brand}.")
            }
        }
    }

    pub(super) fn confirm_action(self) -> &'static str {
        match self {
            Self::English => "Confirm",
        }
    }

    pub(super) fn not_you(self) -> &'static str {
        match self {
            Self::English => "If that was not you, there is nothing to do: without this link nothing happens.",
        }
    }

    pub(super) fn link_life(self, life: &str) -> String {
        match self {
            Self::English => format!("The link works once, for {life}."),
        }
    }

    pub(super) fn link_plain(self) -> &'static str {
        match self {
            Self::English => "If the button does not work, open this address:",
        }
    }

    pub(super) fn code_intro(self, brand: &str) -> String {
        match self {
            Self::English => format!("this is your code for {brand}:"),
        }
    }

    pub(super) fn code_life(self, life: &str) -> String {
        match self {
            Self::English => format!("It works once, for {life}. Nobody from us will ever ask you for it."),
        }
    }

    pub(super) fn invitation_intro(self, brand: &str) -> String {
        match self {
            Self::English => format!("you are invited to {brand}."),
        }
    }

    pub(super) fn invitation_action(self) -> &'static str {
        match self {
            Self::English => "Accept the invitation",
        }
    }

    pub(super) fn invitation_end(self, end: &str) -> String {
        match self {
            Self::English => format!("The invitation is good until {end}."),
        }
    }

    pub(super) fn event_intro(self, brand: &str) -> String {
        match self {
            Self::English => format!("something happened at {brand} that you are told of:"),
        }
    }

    pub(super) fn event_action(self) -> &'static str {
        match self {
            Self::English => "Have a look",
        }
    }

    /// What a notification calls this, with its severity.
    pub(super) fn event_title(self, severity: &str) -> String {
        match self {
            Self::English => match severity {
                "alert" => "Alert".to_owned(),
                "warning" => "Warning".to_owned(),
                _ => "Notice".to_owned(),
            },
        }
    }

    pub(super) fn test_subject(self, brand: &str) -> String {
        match self {
            Self::English => format!("Test mail from {brand}"),
        }
    }

    pub(super) fn test_body(self, brand: &str) -> String {
        match self {
            Self::English => format!("this is a test. {brand} can send mail."),
        }
    }

    pub(super) fn invitation_subject(self, brand: &str) -> String {
        match self {
            Self::English => format!("You are invited to {brand}"),
        }
    }

    pub(super) fn sent_by(self, brand: &str) -> String {
        match self {
            Self::English => format!("This mail was sent by {brand}. Nobody reads answers to it."),
        }
    }

    /// A span of time in words, in the largest unit that it is a whole number of.
    pub(super) fn span(self, seconds: i64) -> String {
        let Self::English = self;
        let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
        let fits = units.iter().find(|(of, _)| seconds % of == 0 && seconds >= *of);
        let (count, unit) = fits.map_or((seconds, "second"), |(of, unit)| (seconds / of, *unit));
        if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
    }
}
