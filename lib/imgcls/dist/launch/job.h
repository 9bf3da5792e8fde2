#pragma once
// What a launcher brings: ranks that can open channels to each other. Internal to dist/.

#include <c10/util/intrusive_ptr.h>
#include <imgcls/dist/transport/transport.h>

#include <memory>
#include <string>
#include <string_view>

namespace c10d {
class Store;
}

namespace imgcls::dist {

class Job {
 public:
  virtual ~Job() = default;

  /// "mpi" or "tcp".
  virtual std::string_view backend() const = 0;
  /// A new channel between all ranks, apart from the others. Collective. Throws DistError.
  virtual std::unique_ptr<Transport> open(const std::string& channel) = 0;
  /// A key-value store of all ranks, where the launcher brought one; else null.
  virtual c10::intrusive_ptr<c10d::Store> store() = 0;
  /// Ends communication in good order: all ranks call it, after their channels are closed.
  virtual void finish() = 0;
  /// Ends this process with `code`, and the others' too where the launcher can do that.
  [[noreturn]] virtual void abort(int code) = 0;
};

}  // namespace imgcls::dist
