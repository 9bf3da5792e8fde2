#pragma once
// Weights that stand beside those a model trains with, and change places with them for an
// evaluation. Internal to averages of weights.

#include <ATen/core/Tensor.h>
#include <imgcls/models/model.h>

#include <vector>

namespace imgcls::train {

/// A copy of a model's parameters and buffers; all tensors share memory with their owners. Until an
/// average has begun, it is to be made anew after each step (copy_all), so that what is changed for
/// an evaluation, such as batch norm's statistics, does not change what is trained.
class KeptWeights {
 public:
  /// `buffers`: those of floating point are averaged, too; else all are the model's.
  KeptWeights(const models::Model& model, bool buffers);

  /// What is averaged: of the model, and kept.
  const std::vector<at::Tensor>& trained() const { return trained_; }
  std::vector<at::Tensor>& average() { return average_; }
  /// Makes all that is not averaged the model's.
  void copy_rest();
  /// Makes all of it the model's.
  void copy_all();
  /// What the model has and what is kept change places.
  void exchange();

  /// What is kept, by the model's names, in its order.
  const std::vector<models::NamedTensor>& named() const { return names_; }
  /// Names of trained(), in its order.
  const std::vector<std::string>& averaged_names() const { return averaged_names_; }

 private:
  void add(const std::string& name, const at::Tensor& tensor, bool averaged);

  std::vector<at::Tensor> trained_, average_;  // what is averaged
  std::vector<at::Tensor> rest_, rest_kept_;   // what is copied
  std::vector<models::NamedTensor> names_;
  std::vector<std::string> averaged_names_;
};

}  // namespace imgcls::train
