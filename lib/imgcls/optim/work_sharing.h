#pragma once
// Work of an optimizer that every rank would do alike, shared out among them. All ranks have the
// same parameters and gradients, so each may do a part and tell the others what came out.

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

namespace imgcls::optim {

/// The ranks, as an optimizer sees them (dist/rank_sharing.h).
class WorkSharing {
 public:
  virtual ~WorkSharing() = default;

  virtual int rank() const = 0;  ///< this rank's number, from 0
  virtual int size() const = 0;  ///< number of ranks

  /// Gives every rank what the owners made: tensors[i] is rank owners[i]'s, and is written to on
  /// all others. A collective: called by all ranks with the same owners, and tensors of the same
  /// shapes and types, contiguous. Throws DistError.
  virtual void exchange(std::span<const at::Tensor> tensors, std::span<const int> owners) = 0;
};

/// Which of `ranks` each piece of work is for, by what the pieces cost: the dearest first, each to
/// the rank that has least so far. Depends on the arguments alone, so ranks agree without a word.
std::vector<int> share_out(std::span<const double> costs, int ranks);

/// The same for the ranks of `sharing`; all are for rank 0 where it is null.
std::vector<int> owners_of(std::span<const double> costs, const WorkSharing* sharing);

}  // namespace imgcls::optim
