#pragma once

// One object on its way into the archive: its bytes are taken as they come, in memory while they
// are few, else in a file of their own below dicom/incoming/. Whoever receives (an association, a
// STOW request, an import) makes one by Archive::receive, appends, and hands it to Archive::add. An
// object that is dropped before takes its file along.
//
// Belongs to one thread at a time.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dicom/part10.h"

namespace lightbox::ingest {

// Where an object comes from. `name` selects the issuer and time zone of the mapping.
struct Origin {
  std::string name;            // calling AE title; "STOW"; "import"
  std::string remote_address;  // for the log
};

// What is known of a bare data set, without file meta information (an association's presentation
// context and command): the archive writes the file meta information in front.
struct Bare {
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::string transfer_syntax_uid;
  std::string source_ae_title;
};

struct Received;

class Incoming {
 public:
  Incoming(Incoming&&) noexcept;
  Incoming& operator=(Incoming&&) noexcept;
  ~Incoming();

  // too_large past limits.dicom_object_bytes_max; insufficient_storage; unavailable.
  Result<void> append(std::string_view bytes);

  // All of a file. Fails as append(), and with `invalid` and the system's reason when the file
  // cannot be read.
  Result<void> append_file(const std::string& path);

  // All of an object's bytes. Fails as append() and as the source does.
  Result<void> append_source(dicom::Source& source);

  // Before anything is appended.
  void set_bare(Bare bare);
  // The object is refused, with `precondition_failed`, when it is of another study.
  void require_study(std::string study_uid);
  // A file that stays where it is: nothing is appended, and it is read from there.
  void set_in_place(std::string absolute_path);

  [[nodiscard]] std::uint64_t size() const;

 private:
  friend class Archive;
  explicit Incoming(std::unique_ptr<Received> received);
  std::unique_ptr<Received> received_;
};

}  // namespace lightbox::ingest
