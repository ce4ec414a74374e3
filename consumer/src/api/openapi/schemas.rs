//! The schemas (JSON Schema 2020-12) that the description of the API names.

use serde_json::{Map, Value, json};

/// All of them.
pub fn all() -> Map<String, Value> {
    let groups = [issues(), children(), people(), incidents(), others()];
    groups
        .into_iter()
        .filter_map(|group| if let Value::Object(group) = group { Some(group) } else { None })
        .flatten()
        .collect()
}

fn text(max: u32) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": max})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn maybe(of: &str) -> Value {
    json!({"type": [of, "null"]})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn list(key: &str, of: &str) -> Value {
    json!({"type": "object", "required": [key], "properties": {
        key: {"type": "array", "items": reference(of)}, "next_cursor": maybe("string")}})
}

fn words(words: &[&str]) -> Value {
    json!({"type": "string", "enum": words})
}

fn status() -> Value {
    words(&["open", "in-progress", "resolved", "closed"])
}

fn priority() -> Value {
    words(&["low", "medium", "high", "critical"])
}

fn issue_type() -> Value {
    words(&["bug", "feature", "task", "enhancement"])
}

/// What an issue says.
fn said() -> Value {
    json!({
        "id": {"type": "string", "format": "uuid"}, "title": {"type": "string"}, "description": {"type": "string"},
        "status": status(), "priority": priority(), "type": issue_type(),
        "reporterId": {"type": "string"}, "assigneeId": maybe("string"), "tags": {"type": "array", "items": {"type": "string"}},
        "createdAt": time(), "updatedAt": time(), "resolvedAt": maybe("string"), "resolvedIn": maybe("string"),
        "component": maybe("string"), "severity": maybe("string"), "fingerprint": {"type": "string"},
        "template": {"type": "string"}, "culprit": maybe("string"), "category": {"type": "string"},
        "language": {"type": "string"}, "level": words(&["warning", "error", "fatal"]), "errorType": maybe("string"),
        "mute": reference("Mute"), "schema": {"type": "integer"}})
}

/// What its reports tell.
fn counted() -> Value {
    json!({
        "count": {"type": "integer", "minimum": 0}, "firstSeen": maybe("string"), "lastSeen": maybe("string"),
        "firstRelease": maybe("string"), "lastRelease": maybe("string"), "releases": {"type": "object"},
        "workloads": {"type": "object"}, "hours": {"type": "object"}, "days": {"type": "object"},
        "regressed": {"type": "boolean"}, "escalated": maybe("string"), "rates": {"type": "object"}})
}

fn with(mut some: Value, more: Value) -> Value {
    if let (Value::Object(some), Value::Object(more)) = (&mut some, more) {
        some.extend(more);
    }
    some
}

fn issues() -> Value {
    json!({
        "Issue": {"type": "object",
            "required": ["id", "title", "description", "status", "priority", "type", "reporterId", "tags", "createdAt", "updatedAt", "count", "schema"],
            "properties": with(said(), counted())},
        "IssueList": list("issues", "Issue"),
        "Mute": {"oneOf": [
            {"type": "object", "required": ["until"], "properties": {"until": time()}},
            {"type": "object", "required": ["count"], "properties": {"count": {"type": "integer", "minimum": 0}}},
            {"type": "object", "required": ["nextRelease"], "properties": {"nextRelease": {"type": "string"}}}, {"type": "null"}]},
        "NewIssue": {"type": "object", "required": ["title", "description", "type", "priority"], "properties": {
            "title": text(200), "description": text(10_000), "type": issue_type(), "priority": priority(),
            "reporter_id": text(100), "assignee_id": maybe("string"), "tags": {"type": "array", "maxItems": 50, "items": text(50)},
            "component": text(100), "severity": words(&["warning", "error", "critical"]), "context": {"type": "object"},
            "fingerprint": {}, "created_at": time()}},
        "Accepted": {"type": "object", "required": ["id", "title", "status", "priority", "type", "message", "note"],
            "properties": {"id": {"type": "string", "format": "uuid"}}},
        "IssueChanges": {"type": "object", "minProperties": 1, "additionalProperties": false, "properties": {
            "status": status(), "resolution": words(&["now", "next-release"]), "priority": priority(), "type": issue_type(),
            "assignee_id": maybe("string"), "title": text(200), "description": text(10_000),
            "tags": {"type": "array", "maxItems": 50, "items": text(50)}, "mute": reference("Mute")}},
        "Bulk": {"type": "object", "required": ["ids", "changes"], "additionalProperties": false, "properties": {
            "ids": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "string", "format": "uuid"}},
            "changes": reference("IssueChanges")}},
        "BulkResult": {"type": "object", "required": ["items"], "properties": {"items": {"type": "array", "items": {
            "type": "object", "required": ["id", "status"], "properties": {
                "id": {"type": "string"}, "status": {"type": "integer"}, "issue": reference("Issue"), "error": reference("Problem")}}}}},
        "Merge": {"type": "object", "required": ["into"], "additionalProperties": false, "properties": {"into": {"type": "string", "format": "uuid"}}},
        "Stats": {"type": "object", "required": ["by_status", "regressed", "new", "lag"], "properties": {
            "by_status": {"type": "object"}, "regressed": {"type": "integer"}, "new": {"type": "integer"}, "new_since": time(),
            "lag": {"type": "integer"}, "data_gaps": {"type": "integer"}, "dead_lettered": {"type": "object"}}},
    })
}

fn children() -> Value {
    json!({
        "Comment": {"type": "object", "required": ["id", "issueId", "authorId", "content", "createdAt", "updatedAt"], "properties": {
            "id": {"type": "string"}, "issueId": {"type": "string"}, "authorId": {"type": "string"}, "content": {"type": "string"},
            "createdAt": time(), "updatedAt": time()}},
        "CommentList": list("comments", "Comment"),
        "NewComment": {"type": "object", "required": ["content"], "properties": {"content": text(5_000), "author_id": text(100)}},
        "Occurrence": {"type": "object", "required": ["id", "issueId", "at", "count"], "properties": {"at": time(), "count": {"type": "integer"}}},
        "OccurrenceList": list("occurrences", "Occurrence"),
        "Activity": {"type": "object", "required": ["id", "issueId", "type", "userId", "changes", "createdAt"], "properties": {
            "type": words(&["created", "updated", "assigned", "status-changed", "commented", "regressed", "muted", "merged"]), "createdAt": time()}},
        "ActivityList": list("activities", "Activity"),
    })
}

fn people() -> Value {
    let role = || words(&["viewer", "tester", "developer", "admin", "service"]);
    json!({
        "Me": {"type": "object", "required": ["id", "displayName", "role", "via"], "properties": {
            "id": {"type": "string"}, "displayName": {"type": "string"}, "role": role(), "via": words(&["local", "secret", "session", "token", "none"])}},
        "User": {"type": "object", "required": ["id", "email", "role", "displayName", "createdAt", "disabled"], "properties": {
            "id": {"type": "string"}, "role": role(), "disabled": {"type": "boolean"}, "createdAt": time(), "lastLogin": maybe("string"), "photoUrl": maybe("string")}},
        "UserList": list("users", "User"),
        "UserChanges": {"type": "object", "additionalProperties": false, "properties": {
            "role": words(&["viewer", "tester", "developer", "admin"]), "disabled": {"type": "boolean"}}},
        "Ended": {"type": "object", "required": ["ended"], "properties": {"ended": {"type": "integer"}}},
        "Notification": {"type": "object", "required": ["id", "userId", "type", "message", "read", "issueId", "createdAt"], "properties": {
            "type": words(&["assigned", "mentioned", "status-changed", "commented", "regressed"]), "read": {"type": "boolean"}, "createdAt": time()}},
        "NotificationList": list("notifications", "Notification"),
        "Read": {"type": "object", "additionalProperties": false, "properties": {
            "ids": {"type": "array", "maxItems": 100, "items": {"type": "string"}}, "all": {"type": "boolean"}}},
        "Marked": {"type": "object", "required": ["marked"], "properties": {"marked": {"type": "integer"}}},
        "Token": {"type": "object", "required": ["id", "name", "user", "scope", "createdBy", "createdAt", "expiresAt"], "properties": {
            "scope": role(), "createdAt": time(), "expiresAt": time(), "lastUsedAt": maybe("string")}},
        "TokenList": list("tokens", "Token"),
        "NewToken": {"type": "object", "required": ["name"], "additionalProperties": false, "properties": {
            "name": text(100), "scope": role(), "days": {"type": "integer", "minimum": 1, "maximum": 366}, "service": text(100)}},
        "MadeToken": {"allOf": [reference("Token"), {"type": "object", "required": ["token"], "properties": {"token": {"type": "string", "pattern": "^itk_"}}}]},
        "Audit": {"type": "object", "required": ["entries"], "properties": {"entries": {"type": "array", "items": {
            "type": "object", "required": ["id", "at", "actor", "act", "target", "detail"]}}}},
    })
}

fn incidents() -> Value {
    let decision = || words(&["new", "confirmed", "dismissed"]);
    let number = || json!({"type": "integer", "minimum": 0, "maximum": 100});
    json!({
        "Incident": {"type": "object", "required": ["incidentId", "sessionId", "projectId", "frustrationScore", "confidenceLevel",
            "confidenceScore", "triggeringSignals", "primaryFailurePoint", "severityType", "kind", "timestamp", "explanation",
            "signalDetails", "status", "suppressed", "exportFailed", "withdrawn"],
            "properties": {"incidentId": {"type": "string", "format": "uuid"}, "frustrationScore": number(), "confidenceScore": number(),
                "status": decision(), "suppressed": {"type": "boolean"}, "timestamp": time(), "withdrawn": {"type": "boolean"},
                "issueId": {"type": "string", "format": "uuid"}, "externalTicketId": {"type": "string"},
                "externalSystem": {"type": "string"}, "exportFailed": {"type": "boolean"}}},
        "Link": {"type": "object", "required": ["issueId", "title", "status", "by", "incidentId", "at"], "properties": {
            "issueId": {"type": "string", "format": "uuid"}, "title": {"type": "string"}, "status": status(),
            "count": {"type": "integer", "minimum": 0}, "by": words(&["trace", "visit"]), "incidentId": {"type": "string"}, "at": time()}},
        "LinkList": list("links", "Link"),
        "IncidentList": list("incidents", "Incident"),
        "ThresholdChange": {"type": "object", "additionalProperties": false, "properties": {
            "sensitivity": words(&["low", "medium", "high"]), "thresholds": {"type": "object"}}},
        "Replay": {"type": "object", "required": ["before", "after", "difference"], "properties": {
            "before": reference("Found"), "after": reference("Found"), "difference": {"type": "object", "required":
                ["appearing", "vanishing", "changing", "signalsAppearing", "signalsVanishing"]}}},
        "Found": {"type": "object", "required": ["signals", "incidents", "discarded"], "properties": {
            "signals": {"type": "array", "items": {"type": "object"}}, "incidents": {"type": "array", "items": {"type": "object"}},
            "discarded": {"type": "object"}}},
        "Delivery": {"type": "object", "required": ["id", "outlet", "system", "state", "attempts"], "properties": {
            "state": words(&["waiting", "done", "shown", "skipped", "dead"]), "reason": {"type": "string"},
            "incidentId": {"type": "string"}, "issueId": {"type": "string"}, "notices": {"type": "array", "items": {"type": "string"}},
            "externalId": {"type": "string"}, "createdAt": time(), "updatedAt": time()}},
        "DeliveryList": list("deliveries", "Delivery"),
        "NewIncident": {"type": "object",
            "required": ["session_id", "project_id", "confidence_score", "triggering_signals", "primary_failure_point", "timestamp"],
            "properties": {"incident_id": {"type": "string"}, "session_id": text(200), "project_id": text(100),
                "frustration_score": number(), "confidence_score": number(), "primary_failure_point": text(500),
                "triggering_signals": {"type": "array", "items": {"type": "string"}}, "timestamp": time(), "explanation": text(2000),
                "severity_type": {"type": "string"}, "kind": {"type": "string"}, "signal_details": {"type": "array", "items": {"type": "object"}}}},
        "IncidentTaken": {"type": "object", "required": ["success", "duplicate", "incident_id"], "properties": {
            "success": {"type": "boolean"}, "duplicate": {"type": "boolean"}, "incident_id": {"type": "string", "format": "uuid"}}},
        "IncidentDecision": {"type": "object", "additionalProperties": false, "properties": {
            "status": decision(), "suppressed": {"type": "boolean"}}},
    })
}

fn others() -> Value {
    let category = || words(&["feature-request", "suggestions", "improvement", "must-have", "critical"]);
    json!({
        "BacklogItem": {"type": "object", "required": ["id", "title", "description", "category", "priority", "reporterId", "tags", "createdAt", "updatedAt"],
            "properties": {"category": category(), "priority": priority(), "createdAt": time(), "updatedAt": time(), "completedAt": maybe("string")}},
        "BacklogList": list("items", "BacklogItem"),
        "BacklogChanges": {"type": "object", "additionalProperties": false, "properties": {
            "title": text(200), "description": text(10_000), "category": category(), "priority": priority(),
            "assignee_id": maybe("string"), "component": maybe("string"), "tags": {"type": "array", "items": text(50)}, "completed": {"type": "boolean"}}},
        "DeadLetter": {"type": "object", "required": ["id", "state"], "properties": {
            "id": {"type": "string"}, "state": words(&["waiting", "replaying", "replayed", "discarded"])}},
        "DeadLetterList": list("dead_letters", "DeadLetter"),
        "EventStream": {"type": "string"},
        "Object": {"type": "object"},
        "Problem": {"type": "object", "required": ["type", "title", "status", "detail", "error", "retryable"], "properties": {
            "type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"},
            "error": {"type": "string"}, "request_id": {"type": "string"}, "retryable": {"type": "boolean"},
            "errors": {"type": "array", "items": {"type": "object", "required": ["pointer", "message"]}}}},
    })
}
