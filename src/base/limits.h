#pragma once

// Every limit, in one place. The defaults are here; `lightbox serve` takes each from the
// configuration under the member's own name (docs/configuration.md), and the error that a limit
// causes names it.

#include <cstddef>
#include <cstdint>

namespace lightbox {

struct Limits {
  // http/
  std::size_t header_bytes_max = 32 * 1024;         // 431
  std::size_t url_bytes_max = 16 * 1024;            // 414
  std::size_t body_bytes_max = 64 * 1024 * 1024;    // 413
  std::size_t connections_max = 4096;               // 503
  std::size_t connections_per_address_max = 2048;   // 429
  std::int64_t header_timeout_ms = 10'000;          // 408: the whole header, from its first byte
  std::int64_t body_timeout_ms = 60'000;            // 408: the whole body; of one that is streamed,
  std::size_t body_progress_bytes_min = 64 * 1024;  // so much of it
  std::int64_t idle_timeout_ms = 60'000;            // closed, silently, between requests
  std::int64_t write_timeout_ms = 60'000;           // a peer that does not read is let go
  std::size_t requests_in_flight_bytes_max = 512 * 1024 * 1024;  // bodies held at once: 503

  // fhir/
  std::size_t json_depth_max = 64;             // 400
  std::size_t json_nodes_max = 4'000'000;      // 400
  std::size_t issues_max = 100;                // the rest is counted, not listed
  std::size_t patch_operations_max = 10'000;   // 400: of one PATCH
  std::size_t patch_steps_max = 50'000'000;    // 422: nodes that one PATCH may visit
  std::size_t fhirpath_steps_max = 1'000'000;  // 422: items that an expression may visit
  std::size_t search_parameters_max = 100;     // 400
  std::size_t search_values_max = 2'000;       // 400: comma-separated, in one request
  std::size_t filter_depth_max = 32;           // 400: how deep a _filter is nested
  std::size_t expansion_codes_max = 20'000;    // 422 too-costly: codes of one value set
  std::size_t search_chain_depth_max = 8;      // 400: references that one parameter follows
  std::size_t page_size_default = 50;
  std::size_t page_size_max = 1'000;
  std::size_t included_resources_max = 1'000;  // on a page, besides the matches; then a note
  std::size_t list_items_max = 10'000;         // 400: of the Lists of `_list`

  // dicom/
  std::size_t dicom_depth_max = 32;                 // sequences in sequences
  std::size_t dicom_elements_max = 1'000'000;       // of one object, items included
  std::size_t dicom_header_bytes_max = 64U << 20U;  // of one object, without bulk data
  std::size_t dicom_inline_bytes_max = 1'024;       // longer values that are not text are bulk data
  std::size_t dicom_text_bytes_max = 1U << 20U;     // longer text is bulk data too
  std::size_t dicom_inflated_bytes_max = 256U << 20U;  // of a deflated one, up to its pixel data

  // ingest/
  std::uint64_t dicom_object_bytes_max = 16ULL << 30U;  // one instance
  std::size_t dicom_memory_bytes_max = 1U << 20U;  // an object on its way, before it goes to disk
  std::size_t dicom_search_results_max = 10'000;   // of one QIDO-RS search or C-FIND
  std::uint64_t quarantine_bytes_max = 10ULL << 30U;  // what cannot be indexed; past it not kept
  std::uint64_t fetched_bytes_max = 10ULL << 30U;     // copies of other archives' images
  std::int64_t fetched_age_max_hours = 168;           // of one; then it goes
  std::int64_t projection_quiet_ms = 2'000;     // before a study's resource is brought up to date
  std::int64_t projection_publish_ms = 30'000;  // for a study that is never quiet
  std::uint64_t archive_entries_max = 10'000'000;  // of one zip or tar that is imported
  std::uint64_t archive_bytes_max = 16ULL << 40U;  // of what one holds, unpacked
  std::uint64_t archive_ratio_max = 200;  // unpacked to packed, from 256 MB on: else it is a bomb

  // dimse/
  std::size_t dimse_associations_max = 64;           // A-ASSOCIATE-RJ: local-limit-exceeded
  std::size_t dimse_pdu_bytes_max = 128 * 1024;      // what peers may send in one PDU
  std::size_t dimse_message_bytes_max = 16U << 20U;  // a data set that is no image: 0110
  std::int64_t dimse_artim_timeout_ms = 10'000;      // from the connection to the whole request
  std::int64_t dimse_idle_timeout_ms = 600'000;      // A-ABORT: between two messages
  std::int64_t dimse_pdu_timeout_ms = 60'000;      // A-ABORT: one PDU, and between two of an object
  std::int64_t dimse_report_retry_ms = 3'600'000;  // then a commitment report is given up

  // hl7/
  std::size_t hl7_connections_max = 64;           // at once: further ones are closed
  std::size_t hl7_message_bytes_max = 1U << 20U;  // AR, and the connection is closed
  std::int64_t hl7_message_timeout_ms = 30'000;   // closed: from a message's beginning to its end
  std::size_t hl7_names_max = 100;                // of studies in one message: the rest is not read

  // imaging/
  std::size_t merged_resources_max = 10'000;  // 422: that refer to a patient who is merged

  // dicomweb/
  std::uint64_t stow_bytes_max = 64ULL << 30U;  // 413: of one request, decompressed
  std::size_t stow_requests_max = 64;           // 503: uploads at once
  std::size_t stow_memory_bytes_max =
      64U << 20U;  // objects of all uploads that wait in memory; then they are stored at once
  std::uint64_t rendered_pixels_max = 64ULL << 20U;  // 413: of a frame, or of a viewport
  std::size_t rendering_requests_max = 256;          // 429: frames that wait to be decoded
  std::size_t fetch_requests_max = 1'024;            // 429: that wait for images of other archives

  // store/
  std::int64_t search_inline_us = 2'000;       // then it goes to the slow lane
  std::int64_t search_timeout_ms = 30'000;     // 503 too-costly
  std::size_t slow_searches_max = 64;          // waiting in the slow lane: 429
  std::size_t commit_queue_max = 4'096;        // ops waiting for the writer: 503
  std::size_t commit_batch_max = 512;          // ops in one transaction of the writer
  std::size_t conditional_delete_max = 1'000;  // resources that one may delete: 412
  std::size_t history_versions_max = 0;        // of each resource, the current one included; 0: all
};

}  // namespace lightbox
