#include <imgcls/core/error.h>
#include <imgcls/models/registry.h>
#include <imgcls/models/weights.h>
#include <imgcls/onnx/trace.h>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace imgcls::onnx {
namespace {

using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Stack;
using torch::jit::Value;
namespace prim = c10::prim;

/// The record for one number of images. Inputs are the images, then the model's tensors, so that
/// the record names these instead of holding copies.
std::shared_ptr<Graph> record(const models::Model& model, std::int64_t images, int side) {
  Stack inputs{at::zeros({images, models::channels_of(model), side, side})};
  for (const models::NamedTensor& item : models::state(model)) inputs.emplace_back(item.tensor);
  const auto forward = [&](const Stack& given) {
    return Stack{model.forward(given.front().toTensor())};
  };
  const auto no_names = [](const at::Tensor&) { return std::string(); };
  return torch::jit::tracer::trace(std::move(inputs), forward, no_names).first->graph;
}

std::vector<std::int64_t> sizes_of(const Value* value) {
  const auto type = value->type()->cast<c10::TensorType>();
  if (!type) return {};
  return type->sizes().concrete_sizes().value_or(std::vector<std::int64_t>());
}

std::string plain_name(const Node* node) {
  std::string name = node->kind().toUnqualString();
  if (name.size() > 1 && name.back() == '_') name.pop_back();
  return name;
}

c10::IValue make_list(const Node* node, const std::vector<c10::IValue>& items) {
  c10::impl::GenericList list(node->output()->type()->expectRef<c10::ListType>().getElementType());
  for (const c10::IValue& item : items) list.push_back(item);
  return list;
}

/// Turns the two records, node by node, into a Trace, and computes what depends on no image.
class Reader {
 public:
  Reader(const models::Model& model, const Graph& two, const Graph& three) {
    const auto state = models::state(model);
    for (std::size_t i = 0; i < two.inputs().size(); ++i) {
      const Known value = start(two.inputs()[i], three.inputs()[i]);
      if (i > 0) value->constant = state[i - 1].tensor;
    }
    result_.images = values_.at(two.inputs()[0]);
    auto other = three.nodes().begin();
    for (const Node* node : two.nodes()) {
      if (other == three.nodes().end() || other->kind() != node->kind()) {
        throw Error(
            fmt::format("{} computes differently for another number of images", model.name()));
      }
      read(node, *other);
      ++other;
    }
    result_.logits = values_.at(two.outputs()[0]);
  }

  Trace result() && { return std::move(result_); }

 private:
  using Known = std::shared_ptr<TracedValue>;

  Known start(const Value* two, const Value* three) {
    auto value = std::make_shared<TracedValue>();
    value->id = values_.size();
    value->sizes_of_two = sizes_of(two);
    value->sizes_of_three = sizes_of(three);
    values_[two] = value;
    return value;
  }

  void read(const Node* node, const Node* other) {
    if (node->kind() == prim::Constant) {
      constant(node, other);
    } else if (node->kind() == prim::ListUnpack || node->kind() == prim::TupleUnpack) {
      unpack(node, other);
    } else if (is_constant(node, other)) {
      compute(node, other);
    } else if (node->kind() == prim::ListConstruct) {
      start(node->output(), other->output());
      for (const Value* input : node->inputs()) lists_[node->output()].push_back(values_.at(input));
    } else {
      operation(node, other);
    }
  }

  /// Whether a node's result depends neither on the images nor on their number.
  bool is_constant(const Node* node, const Node* other) const {
    for (std::size_t i = 0; i < node->outputs().size(); ++i) {
      if (sizes_of(node->outputs()[i]) != sizes_of(other->outputs()[i])) return false;
    }
    return std::ranges::all_of(node->inputs(), [&](const Value* input) {
      return !values_.at(input)->constant.isNone() || nothing_.contains(input);
    });
  }

  void constant(const Node* node, const Node* other) {
    const Known value = start(node->output(), other->output());
    value->constant = torch::jit::toIValue(node->output()).value();
    if (value->constant.isNone()) nothing_.insert(node->output());
    if (value->constant.isInt()) {
      value->varies = torch::jit::toIValue(other->output()).value() != value->constant;
    }
  }

  void compute(const Node* node, const Node* other) {
    Stack stack;
    bool varies = false;
    for (const Value* input : node->inputs()) {
      stack.push_back(values_.at(input)->constant);
      varies = varies || values_.at(input)->varies;
    }
    if (node->kind() == prim::ListConstruct) {
      stack = {make_list(node, stack)};
    } else {
      node->getOperation()(stack);
    }
    for (std::size_t i = 0; i < stack.size(); ++i) {
      const Known value = start(node->outputs()[i], other->outputs()[i]);
      value->constant = std::move(stack[i]);
      value->varies = varies;
    }
  }

  void operation(const Node* node, const Node* other) {
    TracedOp op{.name = plain_name(node), .inputs = {}, .lists = {}, .outputs = {}};
    for (const Value* input : node->inputs()) {
      op.inputs.push_back(values_.at(input));
      const auto list = lists_.find(input);
      op.lists.emplace_back();
      if (list != lists_.end()) op.lists.back().assign(list->second.begin(), list->second.end());
    }
    for (std::size_t i = 0; i < node->outputs().size(); ++i) {
      op.outputs.push_back(start(node->outputs()[i], other->outputs()[i]));
    }
    makers_[node->outputs()[0]] = result_.ops.size();
    result_.ops.push_back(std::move(op));
  }

  /// An operation that makes a list has the list's items as outputs.
  void unpack(const Node* node, const Node* other) {
    const auto list = lists_.find(node->input());
    const c10::IValue known = values_.at(node->input())->constant;
    if (list != lists_.end()) {
      for (std::size_t i = 0; i < node->outputs().size(); ++i) {
        values_[node->outputs()[i]] = list->second[i];
      }
      return;
    }
    std::vector<TracedValuePtr> items;
    for (std::size_t i = 0; i < node->outputs().size(); ++i) {
      const Known item = start(node->outputs()[i], other->outputs()[i]);
      if (known.isList()) item->constant = known.toListRef()[i];
      items.push_back(item);
    }
    if (!known.isList()) result_.ops.at(makers_.at(node->input())).outputs = std::move(items);
  }

  Trace result_;
  std::unordered_map<const Value*, Known> values_;
  std::unordered_set<const Value*> nothing_;  // None, which is a constant as well
  std::unordered_map<const Value*, std::vector<Known>> lists_;
  std::unordered_map<const Value*, std::size_t> makers_;  // the operations that made lists
};

}  // namespace

Trace trace(const models::Model& model, int side) {
  const at::NoGradGuard no_grad;
  models::Model subject = model;  // shares the network
  const bool was_training = model.is_training();
  subject.train(false);
  const auto two = record(model, 2, side), three = record(model, 3, side);
  subject.train(was_training);
  return Reader(model, *two, *three).result();
}

}  // namespace imgcls::onnx
