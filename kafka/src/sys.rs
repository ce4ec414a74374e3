//! The one thing that librdkafka can tell and its Rust wrapper does not ask: a topic's id.
//!
//! Names come back: a topic that was deleted and made anew has the same name, other records, and another id.

#![expect(unsafe_code, reason = "the admin interface is reached through rdkafka-sys")]

use std::ffi::{CStr, CString, c_char};
use std::ptr::{self, NonNull};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::bindings as sys;
use rdkafka::client::Client;
use rdkafka::error::RDKafkaErrorCode;

/// Asks for the topic's id (22 characters of base64), waiting at most `timeout`. Blocks: call it where that is fine.
pub(crate) fn topic_id<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    timeout: Duration,
) -> Result<String, String> {
    let name = CString::new(topic).map_err(|error| error.to_string())?;
    let millis = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    let handle = client.native_ptr();
    // SAFETY: the client outlives this function, and librdkafka's handle may be used from any thread.
    let (queue, options) = unsafe {
        let operation = sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
        (
            Owned::new(sys::rd_kafka_queue_new(handle), sys::rd_kafka_queue_destroy)?,
            Owned::new(
                sys::rd_kafka_AdminOptions_new(handle, operation),
                sys::rd_kafka_AdminOptions_destroy,
            )?,
        )
    };
    // SAFETY: the array holds one valid C string, which librdkafka copies.
    let topics = unsafe {
        let mut names: [*const c_char; 1] = [name.as_ptr()];
        let topics = sys::rd_kafka_TopicCollection_of_topic_names(names.as_mut_ptr(), names.len());
        Owned::new(topics, sys::rd_kafka_TopicCollection_destroy)?
    };
    // SAFETY: all four handles are valid; a null error buffer of length 0 is allowed. The answer comes through the
    // queue, which is polled a little longer than the request may take.
    let event = unsafe {
        sys::rd_kafka_AdminOptions_set_request_timeout(options.ptr(), millis, ptr::null_mut(), 0);
        sys::rd_kafka_DescribeTopics(handle, topics.ptr(), options.ptr(), queue.ptr());
        let event = sys::rd_kafka_queue_poll(queue.ptr(), millis.saturating_add(1000));
        Owned::new(event, sys::rd_kafka_event_destroy).map_err(|_| String::from("no answer in time"))?
    };
    id_of(&event)
}

/// The id of the only topic in an answer.
fn id_of(event: &Owned<sys::rd_kafka_event_t>) -> Result<String, String> {
    // SAFETY: the event is valid; what is reached through it lives as long as it does, and is copied before the end.
    unsafe {
        fail_on(sys::rd_kafka_event_error(event.ptr()))?;
        let answer = sys::rd_kafka_event_DescribeTopics_result(event.ptr());
        if answer.is_null() {
            return Err(String::from("an answer of another kind"));
        }
        let mut count = 0;
        let topics = sys::rd_kafka_DescribeTopics_result_topics(answer, &raw mut count);
        if topics.is_null() || count == 0 || (*topics).is_null() {
            return Err(String::from("an answer without the topic"));
        }
        let error = sys::rd_kafka_TopicDescription_error(*topics);
        if !error.is_null() {
            fail_on(sys::rd_kafka_error_code(error))?;
        }
        let id = sys::rd_kafka_TopicDescription_topic_id(*topics);
        let text = if id.is_null() { ptr::null() } else { sys::rd_kafka_Uuid_base64str(id) };
        if text.is_null() {
            return Err(String::from("the broker tells no topic ids"));
        }
        Ok(CStr::from_ptr(text).to_string_lossy().into_owned())
    }
}

fn fail_on(code: sys::rd_kafka_resp_err_t) -> Result<(), String> {
    match code {
        sys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        code => Err(RDKafkaErrorCode::from(code).to_string()),
    }
}

/// A handle of librdkafka's that is destroyed when it goes out of scope.
struct Owned<T> {
    handle: NonNull<T>,
    destroy: unsafe extern "C" fn(*mut T),
}

impl<T> Owned<T> {
    /// Takes a handle that `destroy` ends.
    fn new(handle: *mut T, destroy: unsafe extern "C" fn(*mut T)) -> Result<Self, String> {
        let handle = NonNull::new(handle).ok_or_else(|| String::from("librdkafka gave no handle"))?;
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
