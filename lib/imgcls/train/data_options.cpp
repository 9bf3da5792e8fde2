#include <imgcls/core/quoted_name.h>
#include <imgcls/data/formats.h>
#include <imgcls/train/data_options.h>

namespace imgcls::train {
namespace {

using nlohmann::json;

constexpr Names<data::OnError, 2> kOnErrors{
    {{data::OnError::stop, "stop"}, {data::OnError::skip, "skip"}}};
constexpr Names<data::Sampler, 2> kSamplers{
    {{data::Sampler::all, "all"}, {data::Sampler::balanced, "balanced"}}};

/// "folder: a subfolder of image files for each class; shards: ...".
std::string about_formats() {
  std::string text;
  for (const std::string& name : data::formats().names()) {
    text +=
        fmt::format("{}{}: {}", text.empty() ? "" : "; ", name, data::formats().at(name).summary);
  }
  return text + ".";
}

void read_classes(const json& names, DataOptions& to) {
  to.classes.clear();
  for (const json& name : names) to.classes.push_back(unquote_name(name.get<std::string>()));
}

json write_classes(const DataOptions& from) {
  json names = json::array();
  for (const std::string& name : from.classes) names.push_back(quote_name(name));
  return names;
}

void add_place(OptionFields<DataOptions>& f) {
  using O = DataOptions;
  f.add("name", &O::name, "What reports call the data set.");
  f.add_choice("format", &O::format, data::formats().names(), about_formats());
  f.add_required("root", &O::root,
                 "Folder that holds the data, relative to the current directory.");
  f.add("train", &O::train,
        "Training images: a folder in root (folder, shards), or the start of two file names in "
        "root (idx: train-images-idx3-ubyte and train-labels-idx1-ubyte, with or without .gz), or "
        "a list's file in root (list: train.txt, train.json).");
  f.add("val", &O::val, "Validation images, named likewise.");
  f.add("index", &O::index,
        "Folder of the indexes TRAIN.index and VAL.index, after data.train and data.val, where the "
        "data's own folders cannot be written to; empty: an index is looked for beside the "
        "images.");
  f.add("stage_dir", &O::stage_dir,
        "Folder on a local disk that shards are copied to before a run, by the ranks of each "
        "machine together; empty: they are read where they are.");
  f.add("image_key", &O::image_key,
        "Which member of a shard's sample is its image, by what follows the sample's key and a dot "
        "in its name: png, left.jpg, or several in order of preference, such as jpg;png. Empty: "
        "the only image or, of several, the only one without a further dot. With an index, as it "
        "was made (prepare index --image-key).");
  f.add("classes", {{"type", "array"}, {"items", {{"type", "string"}, {"minLength", 1}}}},
        read_classes, write_classes,
        "Class names of an idx data set, in the order of the labels; empty: the labels' numbers. "
        "Of lists: all classes, in the order of their numbers; empty: those of the training list, "
        "sorted. Folders and shards are named already.");
}

const OptionFields<Normalization>& normalization_fields() {
  using O = Normalization;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("mean", &O::mean,
          "Mean of red, green and blue (0 to 1), subtracted from the images. ImageNet's by "
          "default.");
    f.add("std", &O::std,
          "Standard deviation of red, green and blue, by which the images are divided. ImageNet's "
          "by default.",
          Limits::greater_than(0));
    f.add("channels", &O::channels,
          "Channels that the network is shown: 3, or 1 for grey images, as torchvision's "
          "Grayscale(1) makes them after the augmentation. With 1, the three numbers of data.mean "
          "are equal, and those of data.std. Weights for three colours are summed over them.",
          Limits::between(1, 3));
    f.add("bits", &O::bits,
          "Bits of a pixel that the network is shown: 8, or 16 for grey images (data.channels=1) "
          "such as X-rays and microscopes make, which then keep all bits of PNG, TIFF and PGM "
          "files from file to network; they can be cropped and flipped, and mixed and erased in "
          "the batch, but operations of augment know 8 bits alone.",
          Limits::between(8, 16));
    return f;
  }();
  return fields;
}

}  // namespace

const OptionFields<DataOptions>& data_fields() {
  using O = DataOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    add_place(f);
    f.include(&O::normalization, normalization_fields());
    f.add("on_error", &O::on_error, kOnErrors,
          "An image that cannot be read: stop and name it, or skip and count it.");
    f.add(
        "multi_label", &O::multi_label,
        "Images have any number of classes each, also none, not one: with data.format=list, a loss "
        "that knows such data (bce, sigmoid_focal, asymmetric_multi_label) and eval.metric=map or "
        "loss.");
    f.add("sampling", &O::sampling, kSamplers,
          "Training images of an epoch: each as often as any other, or as many of each class, "
          "however few images it has.");
    f.add("repeats", &O::repeats,
          "How often an epoch has each image that it has, augmented anew each time (repeated "
          "augmentation): with 4, a quarter of the images in an epoch of the same length.",
          Limits::between(1, 1024));
    f.add("threads", &O::threads,
          "Threads of each rank that read and decode; 0: one for each core the rank may use, "
          "shared with the machine's other ranks.",
          Limits::between(0, 1024));
    f.add("prefetch", &O::prefetch, "Batches made ahead of the trainer.", Limits::between(1, 1024));
    f.add("timeout_s", &O::timeout_s,
          "Seconds after which a batch that does not come ends the run, naming an image that "
          "could not be read.",
          {.above = 0, .maximum = 1e9});
    return f;
  }();
  return fields;
}

}  // namespace imgcls::train
