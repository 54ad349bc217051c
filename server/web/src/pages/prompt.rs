//! Fields of a prompt stage, one kind for every type of the contract.

/// How a field is shown and what the browser may fill into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// One line of text.
    Text,
    /// Several lines of text.
    TextArea,
    /// One line that cannot be changed.
    TextReadOnly,
    /// Several lines that cannot be changed.
    TextAreaReadOnly,
    /// A user name.
    Username,
    /// An email address.
    Email,
    /// A new password.
    Password,
    /// A number.
    Number,
    /// Yes or no.
    Checkbox,
    /// One of several, all visible.
    RadioButtonGroup,
    /// One of several, in a list that opens.
    Dropdown,
    /// A date.
    Date,
    /// A date and a time of day.
    DateTime,
    /// A file; makes the whole form `multipart/form-data`.
    File,
    /// A line between fields.
    Separator,
    /// Sent along and not shown.
    Hidden,
    /// Text to read: the label as heading, the initial value below it.
    Static,
    /// A notice.
    AlertInfo,
    /// A warning.
    AlertWarning,
    /// A warning of the worst kind.
    AlertDanger,
    /// A choice of language.
    Locale,
}

impl FieldKind {
    /// From the type's name in the API; none if it is unknown.
    #[must_use]
    pub fn from_api(name: &str) -> Option<Self> {
        Some(match name {
            "text" => Self::Text,
            "text_area" => Self::TextArea,
            "text_read_only" => Self::TextReadOnly,
            "text_area_read_only" => Self::TextAreaReadOnly,
            "username" => Self::Username,
            "email" => Self::Email,
            "password" => Self::Password,
            "number" => Self::Number,
            "checkbox" => Self::Checkbox,
            "radio-button-group" => Self::RadioButtonGroup,
            "dropdown" => Self::Dropdown,
            "date" => Self::Date,
            "date-time" => Self::DateTime,
            "file" => Self::File,
            "separator" => Self::Separator,
            "hidden" => Self::Hidden,
            "static" => Self::Static,
            "alert_info" => Self::AlertInfo,
            "alert_warning" => Self::AlertWarning,
            "alert_danger" => Self::AlertDanger,
            "ak-locale" => Self::Locale,
            _ => return None,
        })
    }

    /// The `type` of the input element, for kinds that are one.
    #[must_use]
    pub fn input_type(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Password => "password",
            Self::Number => "number",
            Self::Date => "date",
            Self::DateTime => "datetime-local",
            Self::File => "file",
            Self::Hidden => "hidden",
            _ => "text",
        }
    }

    /// The `autocomplete` of the input element (HTML 4.10.18.7), given the field's key.
    #[must_use]
    pub fn autocomplete(self, key: &str) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
            Self::Password => "new-password",
            Self::Text if key == "name" => "name",
            _ => "off",
        }
    }
}

/// One of the values that a field offers.
#[derive(Debug, Clone)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub label: String,
}

/// A field of a prompt stage.
#[derive(Debug, Clone)]
pub struct PromptField {
    /// Name under which the value is sent.
    pub key: String,
    /// What the field is called.
    pub label: String,
    /// How it is shown.
    pub kind: FieldKind,
    /// Whether it must be filled.
    pub required: bool,
    /// Example shown in an empty field.
    pub placeholder: String,
    /// Value that it starts with, or that was sent last and refused. Never a password.
    pub value: String,
    /// Help below the field.
    pub sub_text: String,
    /// What can be chosen, where there is a choice.
    pub choices: Vec<Choice>,
}

impl PromptField {
    /// Whether the checkbox starts ticked.
    #[must_use]
    pub fn checked(&self) -> bool {
        matches!(self.value.to_ascii_lowercase().as_str(), "true" | "on" | "1" | "yes")
    }

    /// The value as `datetime-local` takes it: without offset and fraction of a second.
    #[must_use]
    pub fn local_date_time(&self) -> &str {
        self.value.get(..19).or_else(|| self.value.get(..16)).unwrap_or(&self.value)
    }
}
