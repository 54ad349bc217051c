//! From the engine's challenge to the page that shows it.

use super::form::Form;
use crate::pages::{
    AccessDenied, AppSetup, Autosubmit, Body, BrandView, Captcha, Choice, Consent, Denial, Device, DuoSetup, Errors,
    FieldError, FieldKind, FlowError, FlowPage, Identification, Layout, Mail, MailSetup, PaperCodes, PasskeySetup,
    Password, Permission, Person, PhoneSetup, PromptField, SecondFactor, SessionEnd, SetupChoice, Widget,
};
use crate::visit::with_next;
use axum::http::StatusCode;
use lockgate_engine::{
    ResponseErrors,
    avatar::initials,
    challenge::{self, Challenge, Who},
    next::next_in_query,
};
use lockgate_model::kinds::DeviceClass;
use lockgate_texts::Language;
use serde::Serialize;
use std::borrow::Cow;

/// Gives the flow up: home, or to whoever began it and wants to know.
const CANCEL: &str = "/flows/-/cancel/";

/// What a page of a flow shows beside its challenge.
#[derive(Debug, Default)]
pub(super) struct Frame {
    pub(super) brand: BrandView,
    /// The page's own address with its query.
    pub(super) action_url: String,
    pub(super) csrf: String,
    /// Who is signed in in this browser.
    pub(super) user: Option<String>,
    /// Where somebody begins again who is refused without being signed in.
    pub(super) restart_url: String,
    /// What the other way to sign in is called.
    pub(super) passwordless_title: Option<String>,
    /// Address of the icon of the application that asks for consent.
    pub(super) application_icon: Option<String>,
}

/// The page of a challenge. `typed` is what was sent and refused; it is shown again, but for secrets.
pub(super) fn page(challenge: Challenge, frame: Frame, typed: Option<&Form>) -> FlowPage {
    let Challenge { body, flow_info, mut response_errors } = challenge;
    let sent_again = take_note(&mut response_errors, ResponseErrors::GENERAL, challenge::Email::SENT_AGAIN);
    let sent = take_note(&mut response_errors, ResponseErrors::GENERAL, challenge::AuthenticatorSms::SENT);
    let asking = take_note(&mut response_errors, "duo", challenge::AuthenticatorValidation::ASKED);
    let component = body.component();
    let errors = errors(&body, &response_errors, frame.brand.t);
    let (title, layout, background) = match flow_info {
        Some(info) => (info.title, Layout::from_api(&word(&info.layout)), BrandView::picture(&info.background)),
        None => (String::new(), Layout::Stacked, frame.brand.background_url.clone()),
    };
    let title = own_title(&body, frame.brand.t).map_or(title, Cow::into_owned);
    let switch_url = switch_url(&body, &frame);
    let frames = match &body {
        challenge::Body::IframeLogout(it) => it.logout_urls.iter().map(|told| told.url.clone()).collect(),
        _ => Vec::new(),
    };
    let mut body = translate(body, &frame);
    match &mut body {
        Body::Mail(mail) => mail.again = sent_again,
        Body::PhoneSetup(phone) => phone.sent = sent,
        Body::SecondFactor(factor) => factor.asking = asking,
        _ => {}
    }
    if let (Body::Prompt(fields), Some(form)) = (&mut body, typed)
        && form.get("component").is_none_or(|answered| answered == component)
    {
        fields.iter_mut().for_each(|field| keep_typed(field, form));
    }
    FlowPage {
        brand: BrandView { background_url: background, ..frame.brand },
        title,
        layout,
        action_url: frame.action_url,
        csrf: frame.csrf,
        cancel_url: CANCEL.to_owned(),
        switch_url,
        errors,
        form_targets: Vec::new(),
        frames,
        body,
    }
}

/// The status of a page: the end of a flow says with it how it ended.
pub(super) fn status(body: &challenge::Body) -> StatusCode {
    match body {
        challenge::Body::AccessDenied(_) => StatusCode::FORBIDDEN,
        challenge::Body::FlowError(_) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::OK,
    }
}

/// The heading where the flow's own would not fit what the page says.
fn own_title(body: &challenge::Body, t: Language) -> Option<Cow<'static, str>> {
    Some(match body {
        challenge::Body::AccessDenied(_) => t.access_denied(),
        challenge::Body::FlowError(_) => t.did_not_work(),
        challenge::Body::Redirect(_) => t.one_moment(),
        challenge::Body::Email(it) if it.opened.is_some() => t.is_this_you(),
        challenge::Body::Email(_) => t.check_your_email(),
        challenge::Body::IframeLogout(it) if matches!(*it.then, challenge::Body::Redirect(_)) => {
            t.you_have_signed_out()
        }
        _ => return None,
    })
}

/// "Not you?" leads back to the beginning of this very flow where somebody is about to sign in, and else to
/// signing out and on to where the flow was going.
fn switch_url(body: &challenge::Body, frame: &Frame) -> String {
    match body {
        challenge::Body::Password(_)
        | challenge::Body::AuthenticatorValidation(_)
        | challenge::Body::Captcha(_)
        | challenge::Body::UserLogin(_) => with_next(CANCEL, &frame.action_url),
        _ => {
            let next = frame.action_url.split_once('?').and_then(|(_, query)| next_in_query(query));
            with_next("/flows/-/default/invalidation/", next.as_deref().unwrap_or("/"))
        }
    }
}

fn translate(body: challenge::Body, frame: &Frame) -> Body {
    use challenge::Body as From;
    match body {
        From::Identification(it) => Body::Identification(identification(*it, frame)),
        From::Password(it) => Body::Password(Password {
            person: person(it.who),
            recovery_url: it.recovery_url,
            allow_show_password: it.allow_show_password,
        }),
        From::Captcha(it) => Body::Captcha(captcha(it)),
        From::UserLogin(it) => Body::UserLogin(person(it.who)),
        From::Consent(it) => Body::Consent(consent(it, frame)),
        From::Prompt(it) => Body::Prompt(it.fields.into_iter().map(field).collect()),
        From::AuthenticatorValidation(it) => Body::SecondFactor(second_factor(it)),
        From::AuthenticatorTotp(it) => Body::AppSetup(AppSetup { person: person(it.who), address: it.config_url }),
        From::AuthenticatorWebAuthn(it) => {
            Body::PasskeySetup(PasskeySetup { person: person(it.who), options: it.registration.to_string() })
        }
        From::AuthenticatorStatic(it) => Body::PaperCodes(PaperCodes { person: person(it.who), codes: it.codes }),
        From::AuthenticatorSms(it) => {
            Body::PhoneSetup(PhoneSetup { person: person(it.who), number: it.phone_number, sent: false })
        }
        From::AuthenticatorDuo(it) => Body::DuoSetup(DuoSetup {
            person: person(it.who),
            activation: it.activation_code,
            barcode: it.activation_barcode,
        }),
        From::AuthenticatorEmail(it) => Body::MailSetup(MailSetup { person: person(it.who), email: it.email }),
        From::Email(it) => Body::Mail(Mail { opened: it.opened.map(person), again: false }),
        From::Dummy(it) => Body::Dummy(it.name),
        From::Autosubmit(it) => Body::Autosubmit(Autosubmit { url: it.url, attrs: it.attrs.into_iter().collect() }),
        From::AccessDenied(it) => Body::AccessDenied(denied(it.error_message, frame)),
        From::FlowError(it) => Body::FlowError(FlowError { request_id: it.request_id, error: it.error }),
        From::SessionEnd(it) => Body::SessionEnd(SessionEnd {
            person: person(it.who),
            application: it.application_name,
            application_launch_url: it.application_launch_url,
            invalidation_flow_url: it.invalidation_flow_url,
            overview_url: it.overview_url,
        }),
        From::IframeLogout(it) => match translate(*it.then, frame) {
            // There must be time for the frames.
            Body::Redirect(to) => Body::Leaving(to),
            other => other,
        },
        From::Redirect(it) => Body::Redirect(it.to),
        From::Shell(it) => Body::Shell(it.body),
    }
}

fn identification(it: challenge::Identification, frame: &Frame) -> Identification {
    Identification {
        user_fields: it.user_fields.iter().map(word).collect(),
        value: it.pending_user_identifier.unwrap_or_default(),
        password: it.password_fields,
        allow_show_password: it.allow_show_password,
        primary_action: it.primary_action,
        application: it.application_pre,
        enroll_url: it.enroll_url,
        recovery_url: it.recovery_url,
        passwordless_url: it.passwordless_url,
        passwordless_title: frame.passwordless_title.clone().unwrap_or_default(),
        passkey: it.passkey_challenge.map(|options| options.to_string()),
        captcha: it.captcha_stage.and_then(|asked| match *asked {
            challenge::Body::Captcha(asked) => Some(widget(&asked, "captcha_token")),
            _ => None,
        }),
        sources: Vec::new(),
    }
}

fn captcha(it: challenge::Captcha) -> Captcha {
    Captcha { widget: widget(&it, "token"), person: person(it.who) }
}

fn widget(it: &challenge::Captcha, field: &'static str) -> Widget {
    Widget { field, script: it.js_url.clone(), site_key: it.site_key.clone(), interactive: it.interactive }
}

fn second_factor(it: challenge::AuthenticatorValidation) -> SecondFactor {
    let device = |one: challenge::DeviceChallenge| Device {
        uid: one.device_uid,
        name: one.name,
        figures: one.device_class != DeviceClass::Static,
        passkey: (one.device_class == DeviceClass::Webauthn).then(|| one.challenge.to_string()),
        mailed: one.device_class == DeviceClass::Email,
        texted: one.device_class == DeviceClass::Sms,
        duo: one.device_class == DeviceClass::Duo,
    };
    let mut devices = it.device_challenges.into_iter().map(device);
    let setup = |one: challenge::SelectableStage| SetupChoice { id: one.pk.to_string(), name: one.name };
    SecondFactor {
        person: person(it.who),
        device: devices.next(),
        others: devices.collect(),
        setups: it.configuration_stages.into_iter().map(setup).collect(),
        asking: false,
    }
}

/// A picture that the engine drew itself gives way to the page's own initials.
fn person(who: Who) -> Person {
    let drawn = who.pending_user_avatar.is_empty() || who.pending_user_avatar == initials(&who.pending_user);
    Person { avatar_url: (!drawn).then_some(who.pending_user_avatar), name: who.pending_user }
}

fn consent(it: challenge::Consent, frame: &Frame) -> Consent {
    let permissions =
        |list: Vec<challenge::Permission>| list.into_iter().map(|p| Permission { id: p.id, name: p.name }).collect();
    Consent {
        person: person(it.who),
        header_text: it.header_text,
        application: it.application.map(|app| app.name).unwrap_or_default(),
        application_icon_url: frame.application_icon.clone(),
        permissions: permissions(it.permissions),
        additional_permissions: permissions(it.additional_permissions),
        token: it.token,
    }
}

/// The name in a denied challenge may be one that was only typed: the page speaks to who is signed in.
fn denied(reason: Option<String>, frame: &Frame) -> AccessDenied {
    let user = frame.user.as_ref();
    let denial = Denial {
        reason,
        back_url: user.map(|_| "/if/user/".to_owned()),
        switch_url: user.map(|_| with_next("/flows/-/default/invalidation/", &frame.action_url)),
        restart_url: user.is_none().then(|| frame.restart_url.clone()),
        ..Denial::default()
    };
    AccessDenied { person: user.map(|name| Person { name: name.clone(), avatar_url: None }), denial }
}

fn field(it: challenge::PromptField) -> PromptField {
    let kind = FieldKind::from_api(&word(&it.field_type)).unwrap_or(FieldKind::Text);
    let choices = it.choices.unwrap_or_default().into_iter();
    // The page has its own words for "none of these".
    let choices = choices.filter(|choice| kind != FieldKind::Locale || !choice.value.is_empty());
    // Text to be read is the value; the label is then a name in lists, such as `header-text`.
    let text =
        matches!(kind, FieldKind::Static | FieldKind::AlertInfo | FieldKind::AlertWarning | FieldKind::AlertDanger);
    PromptField {
        key: it.field_key,
        label: if text && !it.initial_value.is_empty() { String::new() } else { it.label },
        kind,
        required: it.required,
        placeholder: it.placeholder,
        value: it.initial_value,
        sub_text: it.sub_text,
        choices: choices.map(|choice| Choice { value: choice.value, label: choice.label }).collect(),
    }
}

/// Shows what was typed before. Passwords and files are typed and chosen anew, and what cannot be
/// changed stays what the configuration says.
fn keep_typed(field: &mut PromptField, form: &Form) {
    use FieldKind as K;
    match (field.kind, form.get(&field.key)) {
        (K::Checkbox, ticked) => field.value = ticked.unwrap_or_default().to_owned(),
        (
            K::Text
            | K::TextArea
            | K::Username
            | K::Email
            | K::Number
            | K::RadioButtonGroup
            | K::Dropdown
            | K::Date
            | K::DateTime
            | K::Locale,
            Some(typed),
        ) => typed.clone_into(&mut field.value),
        _ => {}
    }
}

/// The names of the fields that the page shows, in its order.
fn shown(body: &challenge::Body) -> Vec<&str> {
    match body {
        challenge::Body::Identification(_) | challenge::Body::Password(_) | challenge::Body::Captcha(_) => body.asks(),
        challenge::Body::AuthenticatorValidation(it) if it.device_challenges.is_empty() => vec!["selected_stage"],
        challenge::Body::AuthenticatorValidation(it) if is_passkey(it.device_challenges.first()) => vec!["webauthn"],
        challenge::Body::AuthenticatorValidation(it) if is_duo(it.device_challenges.first()) => vec!["duo", "code"],
        challenge::Body::AuthenticatorValidation(_) | challenge::Body::AuthenticatorTotp(_) => vec!["code"],
        challenge::Body::AuthenticatorWebAuthn(_) => vec!["response"],
        challenge::Body::AuthenticatorEmail(it) if it.email_required => vec!["email"],
        challenge::Body::AuthenticatorEmail(_) => vec!["code"],
        challenge::Body::AuthenticatorSms(it) if it.phone_number_required => vec!["phone_number"],
        challenge::Body::AuthenticatorSms(_) => vec!["code"],
        challenge::Body::Prompt(it) => {
            let can_be_wrong = |kind: &str| {
                !matches!(kind, "hidden" | "separator" | "static" | "alert_info" | "alert_warning" | "alert_danger")
            };
            let fields = it.fields.iter().filter(|field| can_be_wrong(&word(&field.field_type)));
            fields.map(|field| field.field_key.as_str()).collect()
        }
        _ => Vec::new(),
    }
}

fn is_passkey(first: Option<&challenge::DeviceChallenge>) -> bool {
    first.is_some_and(|device| device.device_class == DeviceClass::Webauthn)
}

fn is_duo(first: Option<&challenge::DeviceChallenge>) -> bool {
    first.is_some_and(|device| device.device_class == DeviceClass::Duo)
}

/// That something was sent, or is waited for, is told by the code of a complaint, and is none to people.
fn take_note(errors: &mut ResponseErrors, field: &str, code: &str) -> bool {
    let found = errors.0.get_mut(field).is_some_and(|all| {
        let before = all.len();
        all.retain(|one| one.code != code);
        all.len() < before
    });
    errors.0.retain(|_, complaints| !complaints.is_empty());
    found
}

/// Complaints in the order of the page; what belongs to nothing that the page shows comes first.
fn errors(body: &challenge::Body, wrong: &ResponseErrors, t: Language) -> Errors {
    let shown = shown(body);
    let mut errors = Errors::default();
    for (key, complaints) in wrong.0.iter().filter(|(key, _)| !shown.contains(&key.as_str())) {
        match key.as_str() {
            // Another tab went on meanwhile.
            "component" => errors.general.push(t.page_out_of_date().into_owned()),
            _ => errors.general.extend(complaints.iter().map(|complaint| complaint.string.clone())),
        }
    }
    for key in shown {
        let complaints = wrong.of(key).iter();
        errors.fields.extend(complaints.map(|c| FieldError { field: key.to_owned(), message: c.string.clone() }));
    }
    errors
}

/// The word that the API has for an enumeration's value.
fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
