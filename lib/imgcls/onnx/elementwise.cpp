// Activations and arithmetic.
#include <imgcls/onnx/converter.h>

#include <cmath>
#include <numbers>
#include <string>
#include <utility>

namespace imgcls::onnx {
namespace {

/// An operation that ONNX has under another name, of one tensor.
Translation same(std::string name) {
  return [op = std::move(name)](const Call& call) {
    call.result(call.build().node(op, {call.tensor(0)}));
  };
}

/// x OP y; ATen's add and sub scale y by a third argument.
Translation binary(std::string name) {
  return [op = std::move(name)](const Call& call) {
    Builder& build = call.build();
    std::string right = call.tensor(1);
    const bool scaled = (op == "Add" || op == "Sub") && call.has(2) && call.number(2) != 1;
    if (scaled) right = build.node("Mul", {right, build.constant(call.number(2))});
    if (op == "Div" && call.has(2)) call.refuse("a division that rounds");
    call.result(build.node(op, {call.tensor(0), right}));
  };
}

void gelu(const Call& call) {
  if (call.has(1) && call.text(1) != "none") call.refuse("an approximation of GELU");
  Builder& build = call.build();
  const std::string x = call.tensor(0);
  const std::string scaled = build.node("Mul", {x, build.constant(1 / std::numbers::sqrt2)});
  const std::string phi = build.node("Add", {build.node("Erf", {scaled}), build.constant(1.0)});
  call.result(build.node("Mul", {build.node("Mul", {x, build.constant(0.5)}), phi}));
}

void silu(const Call& call) {
  const std::string x = call.tensor(0);
  call.result(call.build().node("Mul", {x, call.build().node("Sigmoid", {x})}));
}

void hardsigmoid(const Call& call) {
  call.result(
      call.build().node("HardSigmoid", {call.tensor(0)}, {{"alpha", 1.0F / 6.0F}, {"beta", 0.5F}}));
}

/// Limits are arguments 1 and 2, each of which may be missing.
void clip(const Call& call) {
  Builder& build = call.build();
  std::vector<std::string> inputs{call.tensor(0)};
  inputs.push_back(call.has(1) ? build.constant(call.number(1)) : "");
  if (call.has(2)) inputs.push_back(build.constant(call.number(2)));
  call.result(build.node("Clip", inputs));
}

}  // namespace

void add_elementwise(Translations& all) {
  all["relu"] = same("Relu");
  all["sigmoid"] = same("Sigmoid");
  all["tanh"] = same("Tanh");
  all["hardswish"] = same("HardSwish");
  all["exp"] = same("Exp");
  all["neg"] = same("Neg");
  all["sqrt"] = same("Sqrt");
  all["gelu"] = gelu;
  all["silu"] = silu;
  all["hardsigmoid"] = hardsigmoid;
  all["hardtanh"] = clip;
  all["clamp"] = clip;
  all["clamp_min"] = clip;
  all["add"] = binary("Add");
  all["sub"] = binary("Sub");
  all["mul"] = binary("Mul");
  all["div"] = binary("Div");
}

}  // namespace imgcls::onnx
