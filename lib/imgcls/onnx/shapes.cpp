// What moves, cuts and joins tensors.
#include <imgcls/onnx/converter.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace imgcls::onnx {
namespace {

void identity(const Call& call) {
  call.result(call.tensor(0));
}

/// Whatever leaves the values in their order: what counts is the sizes that come out.
void reshape(const Call& call) {
  Builder& build = call.build();
  const std::string sizes = build.reshape_sizes(*call.op().outputs.at(0));
  call.result(build.node("Reshape", {call.tensor(0), sizes}));
}

void expand(const Call& call) {
  Builder& build = call.build();
  const std::string sizes = build.sizes(*call.op().outputs.at(0));
  call.result(build.node("Expand", {call.tensor(0), sizes}));
}

void permute(const Call& call) {
  Sizes order = call.integers(1);
  for (std::int64_t& dimension : order) dimension += dimension < 0 ? call.rank(0) : 0;
  call.result(call.build().node("Transpose", {call.tensor(0)}, {{"perm", order}}));
}

void transpose(const Call& call) {
  Sizes order(static_cast<std::size_t>(call.rank(0)));
  std::iota(order.begin(), order.end(), 0);
  const bool is_t = call.op().name == "t";
  const auto a = is_t ? 0 : call.dimension(1), b = is_t ? 1 : call.dimension(2);
  std::swap(order.at(static_cast<std::size_t>(a)), order.at(static_cast<std::size_t>(b)));
  call.result(call.build().node("Transpose", {call.tensor(0)}, {{"perm", order}}));
}

void cat(const Call& call) {
  std::int64_t axis = call.integer(1);
  if (axis < 0) axis += static_cast<std::int64_t>(call.result_sizes().size());
  call.result(call.build().node("Concat", call.tensors(0), {{"axis", axis}}));
}

/// Each tensor gets a dimension of one, along which they are joined.
void stack(const Call& call) {
  Builder& build = call.build();
  const auto rank = static_cast<std::int64_t>(call.result_sizes().size());
  const std::int64_t given = call.integer(1), axis = given < 0 ? given + rank : given;
  TracedValue one = *call.op().outputs.at(0);
  one.sizes_of_two.at(static_cast<std::size_t>(axis)) = 1;
  one.sizes_of_three.at(static_cast<std::size_t>(axis)) = 1;
  std::vector<std::string> items;
  for (const std::string& item : call.tensors(0)) {
    items.push_back(build.node("Reshape", {item, build.reshape_sizes(one)}));
  }
  call.result(build.node("Concat", items, {{"axis", axis}}));
}

std::string cut(Builder& build, const std::string& x, std::int64_t axis, std::int64_t from,
                std::int64_t to, std::int64_t step = 1) {
  return build.node("Slice", {x, build.constant(Sizes{from}), build.constant(Sizes{to}),
                              build.constant(Sizes{axis}), build.constant(Sizes{step})});
}

void slice(const Call& call) {
  const std::int64_t from = call.has(2) ? call.integer(2) : 0;
  const std::int64_t to = call.has(3) ? call.integer(3) : std::numeric_limits<std::int64_t>::max();
  call.result(cut(call.build(), call.tensor(0), call.dimension(1), from, to, call.integer(4)));
}

void narrow(const Call& call) {
  const std::int64_t from = call.integer(2);
  call.result(cut(call.build(), call.tensor(0), call.dimension(1), from, from + call.integer(3)));
}

void select(const Call& call) {
  Builder& build = call.build();
  const std::int64_t at = call.integer(2);
  const std::int64_t to = at == -1 ? std::numeric_limits<std::int64_t>::max() : at + 1;
  const std::string one = cut(build, call.tensor(0), call.dimension(1), at, to);
  const std::string sizes = build.reshape_sizes(*call.op().outputs.at(0));
  call.result(build.node("Reshape", {one, sizes}));
}

/// chunk, split and unbind, whose axis is argument `axis_at`: cuts as long as what came out.
Translation split(std::size_t axis_at) {
  return [axis_at](const Call& call) {
    Builder& build = call.build();
    const bool unbinds = call.op().name == "unbind";
    const std::int64_t axis = call.dimension(axis_at);
    std::int64_t from = 0;
    for (const TracedValuePtr& item : call.op().outputs) {
      const std::int64_t length =
          unbinds ? 1 : item->sizes_of_two.at(static_cast<std::size_t>(axis));
      std::string piece = cut(build, call.tensor(0), axis, from, from + length);
      if (unbinds) piece = build.node("Reshape", {piece, build.reshape_sizes(*item)});
      build.set_name(item, piece);
      from += length;
    }
  };
}

/// Each dimension's end, of the length of the shift, comes first.
void roll(const Call& call) {
  Builder& build = call.build();
  const Sizes shifts = call.integers(1), dimensions = call.integers(2);
  std::string x = call.tensor(0);
  for (std::size_t i = 0; i < shifts.size(); ++i) {
    const std::int64_t axis = dimensions[i] < 0 ? dimensions[i] + call.rank(0) : dimensions[i];
    const std::int64_t length = call.sizes(0).at(static_cast<std::size_t>(axis));
    const std::int64_t shift = (shifts[i] % length + length) % length;
    if (shift == 0) continue;
    x = build.node(
        "Concat",
        {cut(build, x, axis, length - shift, length), cut(build, x, axis, 0, length - shift)},
        {{"axis", axis}});
  }
  call.result(x);
}

/// ATen lists begin and end of the last dimension first; ONNX all beginnings, then all ends.
void pad(const Call& call) {
  Builder& build = call.build();
  std::size_t value_at = 2;
  if (call.op().name == "pad") {
    if (call.text(2) != "constant") call.refuse("padding that is not constant");
    value_at = 3;
  }
  const Sizes given = call.integers(1);
  const auto rank = static_cast<std::size_t>(call.rank(0));
  Sizes pads(2 * rank, 0);
  for (std::size_t i = 0; i < given.size() / 2; ++i) {
    pads[rank - 1 - i] = given[2 * i];
    pads[2 * rank - 1 - i] = given[2 * i + 1];
  }
  const double value = call.has(value_at) ? call.number(value_at) : 0;
  call.result(build.node("Pad", {call.tensor(0), build.constant(pads), build.constant(value)}));
}

}  // namespace

void add_shapes(Translations& all) {
  for (const auto* name :
       {"contiguous", "clone", "dropout", "feature_dropout", "detach", "alias", "to", "type_as"}) {
    all[name] = identity;
  }
  for (const auto* name : {"reshape", "view", "flatten", "unflatten", "squeeze", "unsqueeze",
                           "view_as", "reshape_as"}) {
    all[name] = reshape;
  }
  all["expand"] = expand;
  all["expand_as"] = expand;
  all["permute"] = permute;
  all["transpose"] = transpose;
  all["t"] = transpose;
  all["cat"] = cat;
  all["stack"] = stack;
  all["slice"] = slice;
  all["narrow"] = narrow;
  all["select"] = select;
  all["chunk"] = split(2);
  all["split"] = split(2);
  all["split_with_sizes"] = split(2);
  all["unbind"] = split(1);
  all["roll"] = roll;
  all["pad"] = pad;
  all["constant_pad_nd"] = pad;
}

}  // namespace imgcls::onnx
