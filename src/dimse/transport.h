#pragma once

// The way by which DCMTK's network layer gets sockets that it did not open, and how bytes go over
// them: plain TCP or TLS as DCMTK does it, but read through a buffer, and written one PDU at a
// time, so that neither Nagle's algorithm nor a second system call delays a response. A request for
// an association that is not one is refused here already, and an answer that is none is taken for
// the end of the connection (associate_check.h).
//
// Belongs to one thread at a time.

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmnet/dcmlayer.h>
#include <dcmtk/dcmnet/dcmtrans.h>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dimse/line.h"

namespace lightbox::dimse {

// PS3.8 9.3.8: why an A-ABORT PDU is sent.
enum class AbortReason : std::uint8_t {
  not_specified = 0,
  unrecognized_pdu = 1,
  unexpected_pdu = 2,
  invalid_pdu_parameter = 6,
};

class Layer;

class Connection final : public DcmTransportConnection {
 public:
  Connection(std::unique_ptr<DcmTransportConnection> inner, Layer& layer, Line* line);
  ~Connection() override;

  // Sends an A-ABORT PDU of the service provider; DCMTK's own function waits for the peer.
  void write_abort(AbortReason reason);
  [[nodiscard]] bool has_bytes() const { return begin_ < end_; }
  // Whether a read would not wait, up to `wait_ms` from now.
  [[nodiscard]] bool has_input(std::int64_t wait_ms);

  // DcmTransportConnection
  OFCondition serverSideHandshake() override;
  OFCondition clientSideHandshake() override;
  OFCondition renegotiate(const char* suite) override { return inner_->renegotiate(suite); }
  ssize_t read(void* buffer, size_t bytes) override;
  ssize_t write(void* buffer, size_t bytes) override;
  void close() override { inner_->close(); }
  void closeTransportConnection() override { inner_->closeTransportConnection(); }
  unsigned long getPeerCertificateLength() override { return inner_->getPeerCertificateLength(); }
  unsigned long getPeerCertificate(void* buffer, unsigned long length) override {
    return inner_->getPeerCertificate(buffer, length);
  }
  OFBool networkDataAvailable(int timeout_s) override {
    return has_bytes() || inner_->networkDataAvailable(timeout_s);
  }
  OFBool isTransparentConnection() override { return OFFalse; }
  OFString& dumpConnectionParameters(OFString& text) override {
    return inner_->dumpConnectionParameters(text);
  }

 private:
  bool fill(std::size_t bytes);
  bool has_well_formed_answer();
  bool flush();

  std::unique_ptr<DcmTransportConnection> inner_;
  Layer& layer_;
  int descriptor_;  // of the line; -1: there is none
  std::vector<char> in_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string out_;
  bool awaits_answer_ = false;  // to an A-ASSOCIATE-RQ
};

// Makes the connection of one association. `secure` makes TLS connections; nullptr: plain TCP. Both
// it and the line must outlive this.
class Layer final : public DcmTransportLayer {
 public:
  // With a line, DCMTK is given that line's socket, whatever it has itself; without, its own.
  Layer(DcmTransportLayer* secure, Line* line) : secure_(secure), line_(line) {}
  // Without a line: makes one for DCMTK's own socket, which it does not get.
  void set_line_maker(std::function<Line*(int descriptor)> make_line) {
    make_line_ = std::move(make_line);
  }

  // nullptr before the connection is there and after DCMTK has closed it.
  [[nodiscard]] Connection* connection() const { return connection_; }

  DcmTransportConnection* createConnection(DcmNativeSocketType socket,
                                           OFBool use_secure_layer) override;

 private:
  friend class Connection;
  DcmTransportConnection* adopt(int own, Line* line);
  DcmTransportLayer* secure_;
  Line* line_;
  std::function<Line*(int descriptor)> make_line_;
  Connection* connection_ = nullptr;
};

// To be called once before all else, from one thread: DCMTK's global settings. Its log is switched
// off; reverse DNS as well. `false` when no socket can be had.
[[nodiscard]] bool prepare_dcmtk();

}  // namespace lightbox::dimse
