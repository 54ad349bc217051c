//! One object as somebody would like it to be: whether it is sound among all others, and who would gain or lose what.
//! Nothing is stored, so that objects of the folder can be tried as well.

use super::{CompileError, Config, Snapshot, change::next_version, guards, layers::CompileFailure, revise::PLANNING};
use crate::preview;
use lockgate_flows::plan::AccessReport;
use lockgate_model::{Document, Group, ObjectSet, Problem, Problems, kind, kinds::CedarFile};
use lockgate_policies::{PolicyProblem, TextOrigin};
use lockgate_store::StoreError;
use std::{collections::HashMap, sync::Arc};
use uuid::Uuid;

/// Something that is wrong with an object that is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialProblem {
    /// Its field; empty: the object as a whole, or another one that it would break.
    pub field: String,
    /// What.
    pub message: String,
    /// Line within the field's text, from 1.
    pub line: Option<u32>,
    /// Column in that line, from 1.
    pub column: Option<u32>,
}

impl From<Problem> for TrialProblem {
    fn from(problem: Problem) -> Self {
        let field = problem.pointer.trim_start_matches('/').to_owned();
        Self { field, message: problem.message, line: None, column: None }
    }
}

/// What comes of an object that is tried.
#[derive(Debug)]
pub struct Trial {
    /// Every object as it would be; `None` where the one is not sound by itself.
    pub objects: Option<ObjectSet>,
    /// What is wrong.
    pub problems: Vec<TrialProblem>,
    after: Option<Snapshot>,
    groups: Vec<Group>,
}

impl Trial {
    fn unsound(problems: Problems) -> Self {
        let problems = problems.0.into_iter().map(TrialProblem::from).collect();
        Self { objects: None, problems, after: None, groups: Vec::new() }
    }
}

impl Config {
    /// Tries a document in place of the one with its primary key, or as a new one.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn try_document(&self, base: &Snapshot, document: Document) -> Result<Trial, StoreError> {
        let Some(kind) = kind::by_name(&document.kind) else { return Ok(Trial::unsound(Problems::default())) };
        let (body, name) = match self.formed(&base.objects, &document, kind) {
            Ok(formed) => formed,
            Err(problems) => return Ok(Trial::unsound(problems)),
        };
        // Before everything is copied: of those who wait, nobody holds a copy.
        let _alone = PLANNING.lock().await;
        let before = base.objects.get(document.id).map(|object| &object.document);
        let tried = next_version(Document { body, name, ..document }, before, self.clock.now());
        let id = tried.id;
        let mut documents: HashMap<Uuid, Document> =
            base.objects.iter().map(|o| (o.document.id, o.document.clone())).collect();
        documents.insert(id, tried.clone());
        let documents: Vec<Document> = documents.into_values().collect();
        // Only a document that names what is not there fails here.
        let objects = match ObjectSet::parse(documents.clone(), &|_| true) {
            Ok(objects) => objects,
            Err(unsound) => return Ok(Trial::unsound(CompileError::Unsound(unsound).problems_of(id, kind.meta.kind))),
        };
        let groups = self.store.groups().all().await?;
        // Complaints name the field in place of a file.
        let origin = |of: Uuid, field: &str| (of == id).then(|| TextOrigin::start(field));
        let compiled = Box::pin(self.laying().compile(documents, base.revision, &groups, &origin)).await;
        let mut trial = Trial { objects: Some(objects), problems: Vec::new(), after: None, groups };
        match compiled {
            Err(CompileFailure::Store(error)) => return Err(error),
            Err(CompileFailure::Unsound(CompileError::Policies(problems))) => {
                trial.problems = problems.iter().map(|problem| placed(&tried, problem)).collect();
            }
            Err(CompileFailure::Unsound(error)) => {
                let problems = error.problems_of(id, kind.meta.kind).0;
                trial.problems = problems.into_iter().map(TrialProblem::from).collect();
            }
            Ok(after) => {
                let stored: Vec<&Document> = base.objects.iter().map(|o| &o.document).collect();
                match guards::check(&stored, &after.objects, &|d| d.id == id) {
                    Ok(()) => trial.after = Some(after),
                    Err(error) => trial.problems.push(whole(error.to_string())),
                }
            }
        }
        Ok(trial)
    }

    /// Who would gain or lose what; `None` for what cannot come into force.
    ///
    /// # Errors
    /// Whatever the database answers.
    pub async fn access_of(&self, base: Arc<Snapshot>, trial: Trial) -> Result<Option<AccessReport>, StoreError> {
        let Trial { after: Some(after), groups, .. } = trial else { return Ok(None) };
        let _alone = PLANNING.lock().await;
        let now = self.clock.now();
        let report = Box::pin(preview::access(&self.store, base, Arc::new(after), (&groups, &groups), now)).await?;
        Ok(Some(report))
    }
}

fn whole(message: String) -> TrialProblem {
    TrialProblem { field: String::new(), message, line: None, column: None }
}

/// A complaint at its field: that of the object's own text, or in words where it is about another one.
fn placed(tried: &Document, problem: &PolicyProblem) -> TrialProblem {
    let of_file =
        tried.kind == <CedarFile as lockgate_model::Kind>::META.kind && tried.body["path"] == problem.file.as_str();
    let field = if of_file { Some("text") } else { problem.file.strip_prefix('/') };
    let Some(field) = field.filter(|_| problem.line > 0) else { return whole(problem.to_string()) };
    let hint = problem.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    TrialProblem {
        field: field.to_owned(),
        message: format!("{}{hint}", problem.message),
        line: Some(problem.line),
        column: Some(problem.column).filter(|column| *column > 0),
    }
}
