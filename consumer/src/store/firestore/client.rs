//! The five calls that the adapter makes, each with a limit of time and of tries.
//!
//! They go through the client's own stubs: what the crate's builders offer commits several documents with conditions only
//! within a transaction, which costs two round trips more. Every try of a commit names the state that it was computed
//! from, so one that was answered by nobody and had happened all the same is found out by its second try: a conflict.

use std::{
    future::Future,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use axum::http::{Extensions, HeaderValue, header::AUTHORIZATION};
use firestore::{
    FirestoreDb, FirestoreDbOptions, FirestoreResult,
    gcloud_sdk::{
        GoogleAuthMiddleware, HeaderMap,
        google::firestore::v1::{
            BatchGetDocumentsRequest, CommitRequest, Document, DocumentMask, RunAggregationQueryRequest,
            RunQueryRequest, StructuredAggregationQuery, StructuredQuery, Write, WriteResult,
            batch_get_documents_response, firestore_client::FirestoreClient, run_aggregation_query_request,
            run_query_request, structured_aggregation_query, value::ValueType,
        },
        google_cloud_auth::{
            credentials::{CacheableResource, Credentials, CredentialsProvider, EntityTag},
            errors::CredentialsError,
        },
        tonic::{Code, Status},
    },
};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::OnceCell;

use super::names::Names;
use crate::store::choice::FirestoreSettings;

type Stub = FirestoreClient<GoogleAuthMiddleware>;

/// How long one try may take; a page of large documents over a slow line is the longest.
const TRY: Duration = Duration::from_secs(15);

/// How long a read waits while the last one got no answer: people who look at a page are told so soon, and the first that is
/// answered again ends this.
const SILENT: Duration = Duration::from_secs(2);

/// Waits before the second and the third try. Whoever asked waits longer by itself and asks again.
const WAITS: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(700)];

/// Documents in one read. Answers come one by one, so this bounds the request alone.
const READ: usize = 300;

/// Reads at a time.
const READS: usize = 4;

/// A connection to one database, made by the first call.
pub(super) struct Client {
    pub(super) names: Names,
    project: String,
    database: String,
    emulator: Option<String>,
    db: OnceCell<FirestoreDb>,
    /// Whether the last read ended without an answer.
    silent: AtomicBool,
}

impl Client {
    pub(super) fn new(project: &str, database: &str, settings: &FirestoreSettings) -> Self {
        Self {
            names: Names::new(project, database, &settings.prefix),
            project: project.to_owned(),
            database: database.to_owned(),
            emulator: settings.emulator.clone(),
            db: OnceCell::new(),
            silent: AtomicBool::new(false),
        }
    }

    async fn stub(&self) -> Result<Stub, Status> {
        let connected = self.db.get_or_try_init(|| self.connect()).await;
        Ok(connected.map_err(|error| Status::unavailable(error.to_string()))?.client().get())
    }

    /// Credentials are the application default ones: the file that GOOGLE_APPLICATION_CREDENTIALS names, or the identity
    /// of the workload.
    async fn connect(&self) -> FirestoreResult<FirestoreDb> {
        let mut options =
            FirestoreDbOptions::new(self.project.clone()).with_database_id(self.database.clone());
        let Some(emulator) = &self.emulator else { return FirestoreDb::with_options(options).await };
        let scheme = if emulator.contains("://") { "" } else { "http://" };
        options.firebase_api_url = Some(format!("{scheme}{emulator}"));
        FirestoreDb::with_options_auth(options, Credentials::from(Owner(EntityTag::new()))).await
    }

    /// Calls until an answer counts, within bounds.
    async fn call<T, F: Future<Output = Result<T, Status>>>(
        &self,
        send: impl Fn(Stub) -> F,
    ) -> Result<T, Status> {
        let mut waits = WAITS.iter();
        loop {
            let once = async { send(self.stub().await?).await };
            let done = tokio::time::timeout(TRY, once)
                .await
                .unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")));
            match (done, waits.next()) {
                (Err(status), Some(wait)) if passes(&status) => tokio::time::sleep(*wait).await,
                (done, _) => return done,
            }
        }
    }

    /// Calls for something that people wait for: within one try's time, however often it is tried.
    async fn read<T, F: Future<Output = Result<T, Status>>>(
        &self,
        send: impl Fn(Stub) -> F,
    ) -> Result<T, Status> {
        let within = if self.silent.load(Ordering::Relaxed) { SILENT } else { TRY };
        let done = tokio::time::timeout(within, self.call(send))
            .await
            .unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time")));
        let silent = done.as_ref().is_err_and(|status| status.code() == Code::DeadlineExceeded);
        self.silent.store(silent, Ordering::Relaxed);
        done
    }

    /// All of these or none. Answers in their order.
    pub(super) async fn commit(&self, writes: Vec<Write>) -> Result<Vec<WriteResult>, Status> {
        let writes = &writes;
        self.call(|mut stub| async move {
            let request = CommitRequest {
                database: self.names.database.clone(),
                writes: writes.clone(),
                transaction: Vec::new(),
                request_options: None,
            };
            Ok(stub.commit(request).await?.into_inner().write_results)
        })
        .await
    }

    /// Those of the documents that are there, in any order.
    pub(super) async fn get(&self, names: Vec<String>, mask: &[&str]) -> Result<Vec<Document>, Status> {
        let chunks: Vec<Vec<String>> = names.chunks(READ).map(<[String]>::to_vec).collect();
        let reads = chunks.into_iter().map(|chunk| self.get_some(chunk, mask));
        let found: Vec<Vec<Document>> = stream::iter(reads).buffer_unordered(READS).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn get_some(&self, names: Vec<String>, mask: &[&str]) -> Result<Vec<Document>, Status> {
        let names = &names;
        self.read(|mut stub| async move {
            let request = BatchGetDocumentsRequest {
                database: self.names.database.clone(),
                documents: names.clone(),
                mask: (!mask.is_empty()).then(|| DocumentMask {
                    field_paths: mask.iter().map(|&path| path.to_owned()).collect(),
                }),
                ..BatchGetDocumentsRequest::default()
            };
            let answers = stub.batch_get_documents(request).await?.into_inner();
            let found = answers.try_filter_map(async |answer| {
                Ok(match answer.result {
                    Some(batch_get_documents_response::Result::Found(document)) => Some(document),
                    _ => None,
                })
            });
            found.try_collect().await
        })
        .await
    }

    /// The documents that a query finds below a parent.
    pub(super) async fn query(&self, parent: &str, query: StructuredQuery) -> Result<Vec<Document>, Status> {
        let query = &query;
        self.read(|mut stub| async move {
            let request = RunQueryRequest {
                parent: parent.to_owned(),
                query_type: Some(run_query_request::QueryType::StructuredQuery(query.clone())),
                ..RunQueryRequest::default()
            };
            let answers = stub.run_query(request).await?.into_inner();
            answers.try_filter_map(async |answer| Ok(answer.document)).try_collect().await
        })
        .await
    }

    /// How many documents a query finds, counted no further than `most`.
    pub(super) async fn count(
        &self,
        parent: &str,
        query: StructuredQuery,
        most: Option<i64>,
    ) -> Result<u64, Status> {
        use structured_aggregation_query::{
            Aggregation,
            aggregation::{Count, Operator},
        };
        let query = &query;
        self.read(|mut stub| async move {
            let count = Aggregation {
                alias: "count".to_owned(),
                operator: Some(Operator::Count(Count { up_to: most })),
            };
            let aggregation = StructuredAggregationQuery {
                aggregations: vec![count],
                query_type: Some(structured_aggregation_query::QueryType::StructuredQuery(query.clone())),
            };
            let request = RunAggregationQueryRequest {
                parent: parent.to_owned(),
                query_type: Some(run_aggregation_query_request::QueryType::StructuredAggregationQuery(
                    aggregation,
                )),
                ..RunAggregationQueryRequest::default()
            };
            let mut answers = pin!(stub.run_aggregation_query(request).await?.into_inner());
            while let Some(answer) = answers.try_next().await? {
                let count = answer.result.and_then(|result| result.aggregate_fields.get("count").cloned());
                if let Some(ValueType::IntegerValue(count)) = count.and_then(|count| count.value_type) {
                    return Ok(count.cast_unsigned());
                }
            }
            Err(Status::internal("a count was asked for and none was answered"))
        })
        .await
    }

    /// Reads a document that is not there.
    pub(super) async fn ping(&self) -> Result<(), Status> {
        let name = format!("{}/documents/-ping-/-ping-", self.names.database);
        self.get_some(vec![name], &["none"]).await.map(drop)
    }
}

/// Whether a failure may be gone at the next try.
fn passes(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Internal
            | Code::Unknown
    )
}

/// Whether a commit was refused because a document is not in the state that it named.
pub(super) fn lost(status: &Status) -> bool {
    matches!(status.code(), Code::FailedPrecondition | Code::AlreadyExists | Code::NotFound | Code::Aborted)
}

/// Who the emulator takes for an administrator, whatever its rules say.
#[derive(Debug)]
struct Owner(EntityTag);

impl CredentialsProvider for Owner {
    async fn headers(&self, known: Extensions) -> Result<CacheableResource<HeaderMap>, CredentialsError> {
        if known.get::<EntityTag>() == Some(&self.0) {
            return Ok(CacheableResource::NotModified);
        }
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer owner"))]);
        Ok(CacheableResource::New { entity_tag: self.0.clone(), data: headers })
    }

    async fn universe_domain(&self) -> Option<String> {
        None
    }
}
