#include <imgcls/optim/optimizer_fields.h>
#include <imgcls/optim/optimizers.h>

namespace imgcls::optim {
namespace {

using nlohmann::json;

constexpr Names<NoDecay, 4> kNoDecay{{{NoDecay::norm, "norm"},
                                      {NoDecay::bias, "bias"},
                                      {NoDecay::embedding, "embedding"},
                                      {NoDecay::vector, "vector"}}};

json no_decay_schema() {
  json names = json::array();
  for (const auto& [kind, name] : kNoDecay) names.push_back(name);
  return {{"type", "array"}, {"items", {{"type", "string"}, {"enum", names}}}};
}

json write_no_decay(const OptimizerOptions& from) {
  json names = json::array();
  for (const NoDecay kind : from.no_decay) names.push_back(name_in(kNoDecay, kind));
  return names;
}

void read_no_decay(const json& names, OptimizerOptions& to) {
  for (const json& name : names) to.no_decay.push_back(value_in(kNoDecay, name));
}

json group_schema() {
  return json::parse(R"({
  "type": "object",
  "description": "An exception.",
  "additionalProperties": false,
  "required": [
    "pattern"
  ],
  "properties": {
    "pattern": {
      "type": "string",
      "minLength": 1,
      "description": "Regular expression, searched for in the parameter's name, such as bn."
    },
    "weight_decay": {
      "type": "number",
      "minimum": 0,
      "description": "Weight decay of these parameters; absent: the optimizer's."
    },
    "lr_scale": {
      "type": "number",
      "exclusiveMinimum": 0,
      "default": 1,
      "description": "Factor of the learning rate for these parameters; 1: as the groups before it say."
    }
  }
})");
}

json write_groups(const OptimizerOptions& from) {
  json groups = json::array();
  for (const GroupRule& rule : from.groups) {
    json group{{"pattern", rule.pattern}};
    if (rule.weight_decay) group["weight_decay"] = *rule.weight_decay;
    if (rule.lr_scale) group["lr_scale"] = *rule.lr_scale;
    groups.push_back(std::move(group));
  }
  return groups;
}

void read_groups(const json& groups, OptimizerOptions& to) {
  for (const json& group : groups) {
    GroupRule rule{.pattern = group.at("pattern"), .weight_decay = {}, .lr_scale = {}};
    if (group.contains("weight_decay")) rule.weight_decay = group.at("weight_decay");
    if (group.value("lr_scale", 1.0) != 1) rule.lr_scale = group.at("lr_scale");
    to.groups.push_back(std::move(rule));
  }
}

}  // namespace

const OptionFields<OptimizerOptions>& optimizer_fields() {
  using O = OptimizerOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add_choice("name", &O::name, optimizers().names(), "The optimizer.");
    f.add("lr", &O::lr, "Learning rate after warm-up.", Limits::greater_than(0));
    f.add("momentum", &O::momentum, "sgd, sgdw: momentum.", {.minimum = 0, .below = 1});
    f.add("nesterov", &O::nesterov, "sgd, sgdw: Nesterov's form of momentum.");
    f.add_pair("betas", &O::beta1, &O::beta2,
               "adam, adamw, the AdamW of muon and nadamuon: decay of the averages of the gradient "
               "and of its square.",
               {.minimum = 0, .below = 1});
    f.add("eps", &O::eps, "adam, adamw, the AdamW of muon and nadamuon: added to the denominator.",
          Limits::greater_than(0));
    f.add(
        "weight_decay", &O::weight_decay,
        "adam, lars, radam, rmsprop_tf, schedule_free_sgd, sgd: L2 penalty, coupled: weight_decay "
        "times the parameter is added to its gradient; lamb, schedule_free_adamw: to its update; "
        "others: decoupled: lr times "
        "weight_decay times the parameter is taken off it.",
        Limits::at_least(0));
    f.add("cautious", &O::cautious,
          "Leave out changes that go against their gradient, and lengthen the others (cautious "
          "optimizers): for adamw, adan, lamb, lion, rmsprop_tf, sgdw.");
    f.add("no_decay", no_decay_schema(), read_no_decay, write_no_decay,
          "Kinds of parameters without weight decay, unless optimizer.groups gives them one: norm: "
          "of batch norm and its like; bias; embedding: class tokens and tables of positions; "
          "vector: of fewer than 2 dimensions. timm's choice is vector, bias and embedding.");
    f.add("layer_decay", &O::layer_decay,
          "Factor of the learning rate from each layer to the one before it; the head has the "
          "schedule's. For ResNet, RegNet, EfficientNet, ConvNeXt, ViT and Swin.",
          {.above = 0, .maximum = 1});
    f.add("groups", {{"type", "array"}, {"items", group_schema()}}, read_groups, write_groups,
          "Exceptions for some parameters; of the groups whose pattern is found in a parameter's "
          "name, later ones overrule earlier ones, value by value.");
    return f;
  }();
  return fields;
}

}  // namespace imgcls::optim
