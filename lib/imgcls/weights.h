#pragma once
// All of imgcls/weights: what files of weights hold; no LibTorch (imgcls/models.h makes tensors of
// it). In the order of things:
//
//   header                 what it does
//   weights/parse.h        a file of any known format, to a listing
//   weights/safetensors.h  safetensors; weights/pth.h PyTorch's own, without running them
//   weights/listing.h      the tensors: name, type (weights/dtype.h), shape, and where bytes lie
//   weights/wrappers.h     what DataParallel, torch.compile and others put into names
//   weights/name_match.h   which of a model's tensors those of a file are

#include <imgcls/weights/dtype.h>
#include <imgcls/weights/listing.h>
#include <imgcls/weights/name_match.h>
#include <imgcls/weights/parse.h>
#include <imgcls/weights/pth.h>
#include <imgcls/weights/safetensors.h>
#include <imgcls/weights/wrappers.h>
