#pragma once
// The covariances of a parameter's gradients along each of its sides, and the eigenvectors of these
// as bases in which the gradients are looked at (Shampoo, arXiv:1802.09568, as SOAP takes it).
// Internal to imgcls::optim.

#include <ATen/core/Tensor.h>
#include <imgcls/models/model.h>
#include <imgcls/optim/work_sharing.h>

#include <span>
#include <string>
#include <vector>

namespace imgcls::optim {

/// Of one parameter. Sides of 1 and those longer than `max_side` keep the basis they have, and so
/// do vectors.
class Eigenbases {
 public:
  /// All zeros: there are no bases yet. `name` is the parameter's, for messages and the state.
  Eigenbases(std::string name, const at::Tensor& parameter, std::int64_t max_side);

  /// Whether `find_bases` has been called, by this process or by the one that saved the state.
  bool found() const;

  /// A tensor of the parameter's shape, in the bases, and back.
  at::Tensor project(at::Tensor tensor) const { return project(std::move(tensor), 0); }
  /// See project().
  at::Tensor project_back(at::Tensor tensor) const { return project(std::move(tensor), 1); }

  /// Moves the covariances to this gradient's by 1 - beta.
  void average(const at::Tensor& gradient, double beta);

  /// "covariance.<side>.<parameter>", "basis.<side>.<parameter>" and, an integer on the CPU,
  /// "bases_found.<parameter>".
  std::vector<models::NamedTensor> state() const;

 private:
  friend void find_bases(std::span<Eigenbases* const> all, WorkSharing* sharing);
  friend void renew_bases(std::span<Eigenbases* const> all, std::span<const at::Tensor> squares,
                          WorkSharing* sharing);

  /// n x n both; undefined where the side keeps its basis.
  struct Side {
    at::Tensor covariance, basis;
  };

  at::Tensor project(at::Tensor tensor, std::int64_t basis_side) const;

  std::string name_;
  std::vector<Side> sides_;
  at::Tensor found_;  // int64, on the CPU
};

/// Takes the eigenvectors of the covariances for the bases, the greatest first. Throws Error where
/// there are none, since a gradient was not finite. With `sharing`, which may be null, each rank
/// finds a part of them and tells the others.
void find_bases(std::span<Eigenbases* const> all, WorkSharing* sharing);

/// Turns the bases towards the eigenvectors, by one step of the power iteration and a QR
/// decomposition, sorted by what the eigenvalues are guessed to be. `squares`, averages of the
/// parameters' squares in the bases, are sorted alike. `sharing` as in find_bases.
void renew_bases(std::span<Eigenbases* const> all, std::span<const at::Tensor> squares,
                 WorkSharing* sharing);

}  // namespace imgcls::optim
