//! What librdkafka can tell and do and its Rust wrapper does not ask for: a topic's id, its settings with the error of
//! each resource, and changing some settings without touching the others.
//!
//! The id matters since names come back: a topic that was deleted and made anew has the same name, other records, and
//! another id.

#![expect(unsafe_code, reason = "the admin interface is reached through rdkafka-sys")]

use std::ffi::{CStr, CString, c_char};
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::bindings as sys;
use rdkafka::client::Client;
use rdkafka::error::RDKafkaErrorCode;

/// What the brokers, or the way to them, refused. librdkafka answers per resource; the Rust wrapper never reads that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Which error.
    pub code: RDKafkaErrorCode,
    /// The broker's words, or the code's.
    pub text: String,
}

impl Refusal {
    fn of(code: RDKafkaErrorCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    fn odd(text: &str) -> Self {
        Self::of(RDKafkaErrorCode::BadMessage, text)
    }
}

/// A topic as the brokers have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Description {
    /// 22 characters of base64; `None` from brokers before 2.8.
    pub id: Option<String>,
    /// How many there are.
    pub partitions: usize,
    /// Copies of the first partition.
    pub replication: usize,
}

/// One setting of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Kafka's name.
    pub name: String,
    /// Its value; `None` where it is a secret.
    pub value: Option<String>,
    /// Whether it was set on the topic itself.
    pub on_topic: bool,
}

/// Asks for the topic's id, waiting at most `timeout`. Blocks: call it where that is fine.
pub(crate) fn topic_id<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    timeout: Duration,
) -> Result<String, String> {
    let described = describe_topic(client, topic, timeout).map_err(|refusal| refusal.text)?;
    described.id.ok_or_else(|| String::from("the broker tells no topic ids"))
}

/// Asks what a topic is like. Blocks for at most a little more than `timeout`.
pub(crate) fn describe_topic<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    timeout: Duration,
) -> Result<Description, Refusal> {
    let name = text(topic)?;
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
    // SAFETY: the array holds one valid C string, which librdkafka copies.
    let topics = unsafe {
        let mut names: [*const c_char; 1] = [name.as_ptr()];
        let topics = sys::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
        Owned::new(topics, sys::rd_kafka_TopicCollection_destroy)?
    };
    let event = ask(client, operation, timeout, |handle, options, queue| {
        // SAFETY: all four handles are valid.
        unsafe { sys::rd_kafka_DescribeTopics(handle, topics.ptr(), options, queue) }
    })?;
    description(&event)
}

/// The only topic in an answer.
fn description(event: &Owned<sys::rd_kafka_event_t>) -> Result<Description, Refusal> {
    // SAFETY: the event is valid; what is reached through it lives as long as it does, and is copied before the end.
    unsafe {
        let answer = sys::rd_kafka_event_DescribeTopics_result(event.ptr());
        if answer.is_null() {
            return Err(Refusal::odd("an answer of another kind"));
        }
        let mut count = 0;
        let topics = sys::rd_kafka_DescribeTopics_result_topics(answer, &raw mut count);
        if topics.is_null() || count == 0 || (*topics).is_null() {
            return Err(Refusal::odd("an answer without the topic"));
        }
        let error = sys::rd_kafka_TopicDescription_error(*topics);
        if !error.is_null() {
            refuse(sys::rd_kafka_error_code(error), sys::rd_kafka_error_string(error))?;
        }
        let id = sys::rd_kafka_TopicDescription_topic_id(*topics);
        let id = if id.is_null() { ptr::null() } else { sys::rd_kafka_Uuid_base64str(id) };
        let mut partitions = 0;
        let first = sys::rd_kafka_TopicDescription_partitions(*topics, &raw mut partitions);
        let mut replication = 0;
        if !first.is_null() && partitions > 0 && !(*first).is_null() {
            sys::rd_kafka_TopicPartitionInfo_replicas(*first, &raw mut replication);
        }
        Ok(Description { id: copied(id), partitions, replication })
    }
}

/// Asks for the settings of a topic. Blocks for at most a little more than `timeout`.
pub(crate) fn describe_config<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    timeout: Duration,
) -> Result<Vec<Entry>, Refusal> {
    let resource = resource(topic)?;
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS;
    let event = ask(client, operation, timeout, |handle, options, queue| {
        let mut all = [resource.ptr()];
        // SAFETY: the array holds one valid resource, which librdkafka copies; the other handles are valid.
        unsafe { sys::rd_kafka_DescribeConfigs(handle, all.as_mut_ptr(), all.len(), options, queue) }
    })?;
    // SAFETY: the event is valid and outlives what is reached through it; everything is copied.
    unsafe {
        let answer = sys::rd_kafka_event_DescribeConfigs_result(event.ptr());
        if answer.is_null() {
            return Err(Refusal::odd("an answer of another kind"));
        }
        let mut count = 0;
        let resources = sys::rd_kafka_DescribeConfigs_result_resources(answer, &raw mut count);
        let resource = only(resources, count)?;
        let mut count = 0;
        let entries = sys::rd_kafka_ConfigResource_configs(resource, &raw mut count);
        let own = sys::rd_kafka_ConfigSource_t::RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG;
        let mut all = Vec::new();
        for index in 0..if entries.is_null() { 0 } else { count } {
            let entry = *entries.add(index);
            all.push(Entry {
                name: copied(sys::rd_kafka_ConfigEntry_name(entry)).unwrap_or_default(),
                value: copied(sys::rd_kafka_ConfigEntry_value(entry)),
                on_topic: sys::rd_kafka_ConfigEntry_source(entry) == own,
            });
        }
        Ok(all)
    }
}

/// Sets (`Some`) and unsets (`None`) settings of a topic and leaves all others. Blocks for at most a little more than
/// `timeout`.
pub(crate) fn alter_config<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    changes: &[(String, Option<String>)],
    timeout: Duration,
) -> Result<(), Refusal> {
    use sys::rd_kafka_AlterConfigOpType_t as Operation;
    let resource = resource(topic)?;
    for (name, value) in changes {
        let (name, operation) = match value {
            Some(_) => (text(name)?, Operation::RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET),
            None => (text(name)?, Operation::RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE),
        };
        let value = value.as_deref().map(text).transpose()?;
        let value = value.as_ref().map_or(ptr::null(), |value| value.as_ptr());
        // SAFETY: the resource is valid and the strings are copied; an error that comes back is ours to destroy.
        unsafe {
            let error = sys::rd_kafka_ConfigResource_add_incremental_config(
                resource.ptr(),
                name.as_ptr(),
                operation,
                value,
            );
            if !error.is_null() {
                let error = Owned::new(error, sys::rd_kafka_error_destroy)?;
                refuse(sys::rd_kafka_error_code(error.ptr()), sys::rd_kafka_error_string(error.ptr()))?;
            }
        }
    }
    let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_INCREMENTALALTERCONFIGS;
    let event = ask(client, operation, timeout, |handle, options, queue| {
        let mut all = [resource.ptr()];
        // SAFETY: the array holds one valid resource, which librdkafka copies; the other handles are valid.
        unsafe { sys::rd_kafka_IncrementalAlterConfigs(handle, all.as_mut_ptr(), all.len(), options, queue) }
    })?;
    // SAFETY: the event is valid and outlives what is reached through it.
    unsafe {
        let answer = sys::rd_kafka_event_IncrementalAlterConfigs_result(event.ptr());
        if answer.is_null() {
            return Err(Refusal::odd("an answer of another kind"));
        }
        let mut count = 0;
        let resources = sys::rd_kafka_IncrementalAlterConfigs_result_resources(answer, &raw mut count);
        only(resources, count).map(|_| ())
    }
}

/// Sends one request and waits for its answer, which comes through a queue of its own.
fn ask<C: ClientContext>(
    client: &Client<C>,
    operation: sys::rd_kafka_admin_op_t,
    timeout: Duration,
    send: impl FnOnce(*mut sys::rd_kafka_t, *mut sys::rd_kafka_AdminOptions_t, *mut sys::rd_kafka_queue_t),
) -> Result<Owned<sys::rd_kafka_event_t>, Refusal> {
    let millis = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    let handle = client.native_ptr();
    // SAFETY: the client outlives this function, and librdkafka's handle may be used from any thread; a null error
    // buffer of length 0 is allowed. The queue is polled a little longer than the request may take.
    unsafe {
        let queue = Owned::new(sys::rd_kafka_queue_new(handle), sys::rd_kafka_queue_destroy)?;
        let options = sys::rd_kafka_AdminOptions_new(handle, operation);
        let options = Owned::new(options, sys::rd_kafka_AdminOptions_destroy)?;
        sys::rd_kafka_AdminOptions_set_request_timeout(options.ptr(), millis, ptr::null_mut(), 0);
        send(handle, options.ptr(), queue.ptr());
        let event = sys::rd_kafka_queue_poll(queue.ptr(), millis.saturating_add(1000));
        let event = Owned::new(event, sys::rd_kafka_event_destroy)
            .map_err(|_| Refusal::of(RDKafkaErrorCode::OperationTimedOut, "no answer in time"))?;
        refuse(sys::rd_kafka_event_error(event.ptr()), sys::rd_kafka_event_error_string(event.ptr()))?;
        Ok(event)
    }
}

/// A topic as a resource of the admin interface.
fn resource(topic: &str) -> Result<Owned<sys::rd_kafka_ConfigResource_t>, Refusal> {
    let name = text(topic)?;
    // SAFETY: the name is a valid C string, which librdkafka copies.
    unsafe {
        let kind = sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC;
        Owned::new(
            sys::rd_kafka_ConfigResource_new(kind, name.as_ptr()),
            sys::rd_kafka_ConfigResource_destroy,
        )
    }
}

/// The only resource of an answer, unless its own error says why not.
///
/// # Safety
/// `resources` is null or points to `count` resources that live on.
unsafe fn only(
    resources: *mut *const sys::rd_kafka_ConfigResource_t,
    count: usize,
) -> Result<*const sys::rd_kafka_ConfigResource_t, Refusal> {
    // SAFETY: by the contract above.
    unsafe {
        if resources.is_null() || count == 0 || (*resources).is_null() {
            return Err(Refusal::odd("an answer without the topic"));
        }
        let code = sys::rd_kafka_ConfigResource_error(*resources);
        refuse(code, sys::rd_kafka_ConfigResource_error_string(*resources))?;
        Ok(*resources)
    }
}

fn text(text: &str) -> Result<CString, Refusal> {
    CString::new(text).map_err(|error| Refusal::of(RDKafkaErrorCode::InvalidArgument, error.to_string()))
}

/// A C string, copied.
///
/// # Safety
/// `text` is null or a valid C string.
unsafe fn copied(text: *const c_char) -> Option<String> {
    // SAFETY: by the contract above.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

/// # Safety
/// `words` is null or a valid C string.
unsafe fn refuse(code: sys::rd_kafka_resp_err_t, words: *const c_char) -> Result<(), Refusal> {
    if code == sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Ok(());
    }
    let code = RDKafkaErrorCode::from(code);
    // SAFETY: by the contract above.
    let words = unsafe { copied(words) }.filter(|words| !words.is_empty());
    Err(Refusal::of(code, words.unwrap_or_else(|| code.to_string())))
}

/// A handle of librdkafka's that is destroyed when it goes out of scope.
struct Owned<T> {
    handle: NonNull<T>,
    destroy: unsafe extern "C" fn(*mut T),
}

impl<T> Owned<T> {
    /// Takes a handle that `destroy` ends.
    fn new(handle: *mut T, destroy: unsafe extern "C" fn(*mut T)) -> Result<Self, Refusal> {
        let handle = NonNull::new(handle).ok_or_else(|| Refusal::odd("librdkafka gave no handle"))?;
        Ok(Self { handle, destroy })
    }

    fn ptr(&self) -> *mut T {
        self.handle.as_ptr()
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: the handle is valid and ours alone, and this is its destructor; it runs once.
        unsafe { (self.destroy)(self.handle.as_ptr()) }
    }
}
