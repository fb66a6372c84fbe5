// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// Unpacks an archive, adds a list of its files, and publishes both in one step.
// Usage: publish ROOT ARCHIVE DESTINATION

#include <tempman.h>

#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

namespace fs = std::filesystem;

struct Unref
{
  void operator() (gpointer object) const
  {
    g_object_unref (object);
  }
};

// The last reference to a temporary directory deletes it.
template <typename T> using Ref = std::unique_ptr<T, Unref>;

// Makes a call that takes a GError **, and an exception of the error.
template <typename Call>
auto
checked (Call call)
{
  g_autoptr (GError) error = nullptr;
  auto result = call (&error);

  if (error != nullptr)
    throw std::runtime_error (error->message);
  return result;
}

// From the path of each regular file in the folder to its size.
static std::map<std::string, std::uintmax_t>
find_files (const fs::path &folder)
{
  std::map<std::string, std::uintmax_t> files;

  for (const auto &entry : fs::recursive_directory_iterator (folder))
    if (fs::is_regular_file (entry.symlink_status ()))
      files[entry.path ().lexically_relative (folder)] = entry.file_size ();
  return files;
}

static void
publish (const char *folder, const char *archive, const char *destination)
{
  Ref<GFile> root_file{ g_file_new_for_path (folder) };
  Ref<GFile> destination_file{ g_file_new_for_path (destination) };
  auto flags = TmRootFlags (TM_ROOT_FLAGS_CREATE_DIRECTORY | TM_ROOT_FLAGS_RECLAIM_ABANDONED);

  Ref<TmRoot> root{ checked ([&] (GError **error) {
    return tm_root_new (root_file.get (), 24 * 60 * 60, flags, nullptr, error);
  }) };
  Ref<TmTemporaryDirectory> directory{ checked (
      [&] (GError **error) { return tm_root_create_temp_dir (root.get (), nullptr, error); }) };
  fs::path path = tm_temporary_directory_get_path (directory.get ());

  Ref<GSubprocess> tar{ checked ([&] (GError **error) {
    return g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, error, "tar", "-xf", archive, "-C",
                             path.c_str (), nullptr);
  }) };
  checked ([&] (GError **error) { return g_subprocess_wait_check (tar.get (), nullptr, error); });

  auto files = find_files (path);
  std::ofstream index;
  index.exceptions (std::ios::failbit | std::ios::badbit);
  index.open (path / "INDEX");
  for (const auto &[name, size] : files)
    index << size << ' ' << name << '\n';
  index.close ();

  checked ([&] (GError **error) {
    return tm_temporary_directory_persist (directory.get (), destination_file.get (),
                                           TM_PERSIST_FLAGS_REPLACE, nullptr, error);
  });
  std::cout << "published " << destination << ": " << files.size () << " files\n";

  auto n_deleted =
      checked ([&] (GError **error) { return tm_root_cleanup (root.get (), nullptr, error); });
  std::cout << "cleaned up " << n_deleted << " directories\n";
}

int
main (int argc, char **argv)
{
  if (argc != 4)
    {
      std::cerr << "Usage: " << argv[0] << " ROOT ARCHIVE DESTINATION\n";
      return 1;
    }
  try
    {
      publish (argv[1], argv[2], argv[3]);
      return 0;
    }
  catch (const std::exception &error)
    {
      std::cerr << error.what () << '\n';
      return 1;
    }
}
