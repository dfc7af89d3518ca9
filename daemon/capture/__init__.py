"""Change capture: from "this record changed" to a change event in its queue."""
