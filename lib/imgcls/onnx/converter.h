#pragma once
// From a traced operation to nodes of ONNX: what the translations of operations work with.

#include <imgcls/onnx/model_file.h>
#include <imgcls/onnx/trace.h>

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace imgcls::onnx {

using Sizes = std::vector<std::int64_t>;  ///< a shape, or other whole numbers

/// Collects nodes and the tensors that they name.
class Builder {
 public:
  /// Constants that are one of `state`'s tensors take its name.
  explicit Builder(std::vector<models::NamedTensor> state) : state_(std::move(state)) {}

  /// The name of a value: of a parameter, an initializer made for a constant, or an earlier node's
  /// output.
  std::string name(const TracedValuePtr& value);
  /// Names a value that a node will give.
  void set_name(const TracedValuePtr& value, std::string name);

  /// A constant as an initializer. The tensor is kept until the file is written.
  std::string constant(const at::Tensor& tensor);
  std::string constant(const Sizes& numbers);  ///< int64, one dimension
  std::string constant(double number);         ///< float, without dimensions

  /// Adds a node with one output, whose name it makes.
  std::string node(std::string op, std::vector<std::string> inputs,
                   std::vector<std::pair<std::string, Attribute>> attributes = {});
  /// Adds a node with `outputs` outputs.
  std::vector<std::string> nodes(std::string op, std::vector<std::string> inputs,
                                 std::size_t outputs,
                                 std::vector<std::pair<std::string, Attribute>> attributes = {});

  /// A tensor's sizes as an input of Reshape or Expand: a number where no size depends on the
  /// images' number, else computed from the images.
  std::string sizes(const TracedValue& value);
  /// The same for Reshape, which can leave one size open.
  std::string reshape_sizes(const TracedValue& value);

  /// What the graph's input is called.
  void set_images(std::string name) { images_ = std::move(name); }
  /// All so far, in their order; once.
  std::vector<Node> take_nodes() { return std::move(nodes_); }
  std::vector<Initializer> initializers() const;  ///< the constants that nodes have been given

 private:
  std::string fresh(std::string_view stem);
  std::string batch();

  std::vector<models::NamedTensor> state_;
  std::string images_, batch_;
  std::vector<Node> nodes_;
  std::unordered_map<std::size_t, std::string> names_;  // by the values' ids
  std::map<std::string, at::Tensor> tensors_;
  int made_ = 0;
};

/// An operation being translated.
class Call {
 public:
  Call(const TracedOp& op, Builder& builder) : op_(op), builder_(builder) {}  ///< both outlive this

  Builder& build() const { return builder_; }  ///< what collects the nodes
  const TracedOp& op() const { return op_; }   ///< what is translated

  bool has(std::size_t i) const;  ///< not None
  /// The name of argument `i`, a tensor.
  std::string tensor(std::size_t i) const { return builder_.name(op_.inputs.at(i)); }
  std::vector<std::string> tensors(std::size_t i) const;  ///< of a list
  /// Numbers that must be known; Error where they are not, or depend on the images' number.
  std::int64_t integer(std::size_t i) const;
  double number(std::size_t i) const;     ///< as integer(i), of any number
  bool flag(std::size_t i) const;         ///< as integer(i), of a truth value
  std::string text(std::size_t i) const;  ///< as integer(i), of a text
  /// As integer(i), of a list, or of one number, which is a list of one.
  Sizes integers(std::size_t i) const;

  /// Sizes with two images.
  const Sizes& sizes(std::size_t i) const { return op_.inputs.at(i)->sizes_of_two; }
  /// The same of a result.
  const Sizes& result_sizes(std::size_t i = 0) const { return op_.outputs.at(i)->sizes_of_two; }
  /// Dimensions of argument `i`.
  std::int64_t rank(std::size_t i) const { return static_cast<std::int64_t>(sizes(i).size()); }
  /// A dimension counted from the end made one from the start.
  std::int64_t dimension(std::size_t i, std::int64_t of_input = 0) const;

  /// The operation's result.
  void result(std::string name) const { builder_.set_name(op_.outputs.at(0), std::move(name)); }
  [[noreturn]] void refuse(std::string_view why) const;  ///< throws Error naming the operation

 private:
  const c10::IValue& known(std::size_t i) const;

  const TracedOp& op_;
  Builder& builder_;
};

/// Adds the nodes of an operation and names its results.
using Translation = std::function<void(const Call&)>;
using Translations = std::map<std::string, Translation, std::less<>>;  ///< by ATen's names: "relu"

/// The translations, by ATen's names.
void add_layers(Translations& all);       ///< convolution, pooling, norms, products, attention
void add_elementwise(Translations& all);  ///< activations and arithmetic
void add_shapes(Translations& all);       ///< what moves, cuts and joins

}  // namespace imgcls::onnx
