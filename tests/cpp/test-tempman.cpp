// SPDX-FileCopyrightText: 2026 The tempman authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// The library as a C++ program uses it: a scope owns a directory, and errors are exceptions.

#include <tempman.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace fs = std::filesystem;

struct Unref
{
  void operator() (gpointer object) const
  {
    g_object_unref (object);
  }
};

template <typename T> using Ref = std::unique_ptr<T, Unref>;

// A GError, thrown.
class Error : public std::runtime_error
{
public:
  explicit Error (GError *error)
      : std::runtime_error (error->message), m_error (error, g_error_free)
  {
  }

  bool matches (int code) const
  {
    return g_error_matches (m_error.get (), G_IO_ERROR, code);
  }

private:
  std::shared_ptr<GError> m_error;
};

// Makes a call that takes a GError **.
template <typename Call>
static auto
checked (Call call)
{
  GError *error = nullptr;
  auto result = call (&error);

  if (error != nullptr)
    throw Error (error);
  return result;
}

// A folder of the test's own, which it has to leave empty.
class Folder
{
public:
  Folder () : m_path (make ()), m_file (g_file_new_for_path (m_path.c_str ()))
  {
  }

  ~Folder ()
  {
    g_assert_true (fs::is_empty (m_path));
    fs::remove (m_path);
  }

  Folder (const Folder &) = delete;
  Folder &operator= (const Folder &) = delete;

  const fs::path &path () const
  {
    return m_path;
  }

  GFile *file () const
  {
    return m_file.get ();
  }

private:
  static fs::path make ()
  {
    g_autoptr (GError) error = nullptr;
    g_autofree char *path = g_dir_make_tmp ("tempman-test-XXXXXX", &error);

    g_assert_no_error (error);
    return path;
  }

  fs::path m_path;
  Ref<GFile> m_file;
};

// A class that a user of the library would write: it closes the directory at the end of the scope,
// or earlier for a caller that wants to see the error.
class ScopedDirectory
{
public:
  explicit ScopedDirectory (TmTemporaryDirectory *directory) : m_directory (directory)
  {
  }

  explicit ScopedDirectory (GFile *parent)
      : ScopedDirectory (checked ([parent] (GError **error) {
          return tm_temporary_directory_new (parent, nullptr, nullptr, error);
        }))
  {
  }

  ScopedDirectory (ScopedDirectory &&) noexcept = default;
  ScopedDirectory &operator= (ScopedDirectory &&) noexcept = default;

  fs::path path () const
  {
    return tm_temporary_directory_get_path (m_directory.get ());
  }

  TmTemporaryDirectory *get () const
  {
    return m_directory.get ();
  }

  void close ()
  {
    checked ([this] (GError **error) {
      return tm_temporary_directory_close (m_directory.get (), nullptr, error);
    });
  }

  void persist (const fs::path &destination, TmPersistFlags flags)
  {
    Ref<GFile> file{ g_file_new_for_path (destination.c_str ()) };

    checked ([&] (GError **error) {
      return tm_temporary_directory_persist (m_directory.get (), file.get (), flags, nullptr,
                                             error);
    });
  }

private:
  Ref<TmTemporaryDirectory> m_directory;
};

static Ref<TmRoot>
open_root (const Folder &folder, double timeout, TmRootFlags flags = TM_ROOT_FLAGS_NONE)
{
  return Ref<TmRoot>{ checked ([&] (GError **error) {
    return tm_root_new (folder.file (), timeout, flags, nullptr, error);
  }) };
}

template <typename Call>
static void
assert_throws (int code, const std::string &text, Call call)
{
  try
    {
      call ();
    }
  catch (const Error &error)
    {
      g_assert_true (error.matches (code));
      g_assert_nonnull (std::strstr (error.what (), text.c_str ()));
      return;
    }
  g_assert_not_reached ();
}

static void
test_scope ()
{
  Folder folder;
  fs::path path;
  {
    ScopedDirectory directory{ folder.file () };

    path = directory.path ();
    std::ofstream{ path / "notes" } << "work";
    g_assert_true (fs::is_directory (path));
  }
  g_assert_false (fs::exists (path));
}

static void
test_exception ()
{
  Folder folder;
  fs::path path;

  try
    {
      ScopedDirectory directory{ folder.file () };

      path = directory.path ();
      throw std::logic_error ("in the middle of the work");
    }
  catch (const std::logic_error &)
    {
      g_assert_false (fs::exists (path));
      return;
    }
  g_assert_not_reached ();
}

static void
test_moved ()
{
  Folder folder;
  std::vector<ScopedDirectory> directories;

  for (int i = 0; i < 10; i++)
    directories.emplace_back (folder.file ());

  auto last = std::move (directories.back ());
  directories.clear ();
  g_assert_true (fs::is_directory (last.path ()));
  g_assert_cmpint (std::distance (fs::directory_iterator{ folder.path () }, {}), ==, 1);
}

static void
test_close ()
{
  Folder folder;
  ScopedDirectory directory{ folder.file () };

  directory.close ();
  g_assert_true (tm_temporary_directory_is_closed (directory.get ()));
  g_assert_false (fs::exists (directory.path ()));
  directory.close ();
}

static void
test_persist ()
{
  Folder folder;
  auto destination = folder.path () / "published";
  {
    ScopedDirectory directory{ folder.file () };

    directory.persist (destination, TM_PERSIST_FLAGS_NONE);
    g_assert_true (directory.path () == destination);
  }
  g_assert_true (fs::is_directory (destination));

  ScopedDirectory second{ folder.file () };
  assert_throws (G_IO_ERROR_EXISTS, destination,
                 [&] { second.persist (destination, TM_PERSIST_FLAGS_NONE); });
  second.persist (destination, TM_PERSIST_FLAGS_REPLACE);
  fs::remove (destination);
}

static void
test_errors ()
{
  Folder folder;
  auto missing = folder.path () / "missing";
  Ref<GFile> file{ g_file_new_for_path (missing.c_str ()) };

  assert_throws (G_IO_ERROR_NOT_FOUND, missing, [&] { ScopedDirectory directory{ file.get () }; });
  assert_throws (G_IO_ERROR_INVALID_ARGUMENT, folder.path (), [&] { open_root (folder, NAN); });

  ScopedDirectory directory{ folder.file () };
  directory.close ();
  assert_throws (G_IO_ERROR_CLOSED, directory.path (), [&] {
    checked ([&] (GError **error) {
      return tm_temporary_directory_keep (directory.get (), NULL, error);
    });
  });
}

static void
test_root ()
{
  Folder folder;
  auto old = folder.path () / "old";
  // Flags are joined with a cast, as those of any C library.
  auto root = open_root (
      folder, 3600, TmRootFlags (TM_ROOT_FLAGS_CREATE_DIRECTORY | TM_ROOT_FLAGS_RECLAIM_ABANDONED));
  ScopedDirectory directory{ checked (
      [&] (GError **error) { return tm_root_create_temp_dir (root.get (), nullptr, error); }) };

  fs::create_directory (old);
  fs::last_write_time (old, fs::file_time_type::clock::now () - std::chrono::hours (2));
  tm_root_set_age_basis (root.get (), TM_AGE_BASIS_MODIFIED);

  Ref<GListModel> entries{ checked ([&] (GError **error) {
    return tm_root_list_entries (root.get (), TM_LIST_FLAGS_NONE, nullptr, error);
  }) };
  g_assert_cmpuint (g_list_model_get_n_items (entries.get ()), ==, 2);
  Ref<TmRootEntry> entry{ TM_ROOT_ENTRY (g_list_model_get_item (entries.get (), 0)) };
  g_assert_cmpint (tm_root_entry_get_state (entry.get ()), ==, TM_ROOT_ENTRY_STATE_UNOWNED);
  g_assert_true (tm_root_entry_get_removable (entry.get ()));

  auto n_deleted =
      checked ([&] (GError **error) { return tm_root_cleanup (root.get (), nullptr, error); });
  g_assert_cmpint (n_deleted, ==, 1);
  g_assert_false (fs::exists (old));
  g_assert_true (fs::exists (directory.path ()));
}

static void
test_delete ()
{
  Folder folder;
  auto tree = folder.path () / "tree";
  Ref<GFile> file{ g_file_new_for_path (tree.c_str ()) };
  std::pair<guint64, guint64> last;

  fs::create_directories (tree / "branch");
  checked ([&] (GError **error) {
    return tm_delete_recursively (
        file.get (), TM_DELETE_FLAGS_NONE, nullptr,
        [] (guint64 n_deleted, guint64 n_found, gpointer data) {
          *static_cast<std::pair<guint64, guint64> *> (data) = { n_deleted, n_found };
        },
        &last, error);
  });
  g_assert_cmpuint (last.first, ==, 2);
  g_assert_cmpuint (last.second, ==, 2);

  fs::create_directories (tree / "branch");
  checked ([&] (GError **error) {
    return tm_delete_recursively (file.get (), TM_DELETE_FLAGS_KEEP_DIRECTORY, nullptr, nullptr,
                                  nullptr, error);
  });
  g_assert_true (fs::is_empty (tree));
  fs::remove (tree);
  checked ([&] (GError **error) {
    return tm_delete_recursively (file.get (), TM_DELETE_FLAGS_ALLOW_MISSING, nullptr, nullptr,
                                  nullptr, error);
  });
}

static void
test_properties ()
{
  Folder folder;
  ScopedDirectory directory{ checked ([&] (GError **error) {
    return static_cast<TmTemporaryDirectory *> (
        g_initable_new (TM_TYPE_TEMPORARY_DIRECTORY, nullptr, error, "parent", folder.file (),
                        "suffix", ".build", "mode", 0755, nullptr));
  }) };

  g_assert_cmpstr (directory.path ().extension ().c_str (), ==, ".build");
  g_assert_true ((fs::status (directory.path ()).permissions () & fs::perms (0777)) ==
                 fs::perms (0755));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, nullptr);
  g_test_add_func ("/cpp/scope", test_scope);
  g_test_add_func ("/cpp/exception", test_exception);
  g_test_add_func ("/cpp/moved", test_moved);
  g_test_add_func ("/cpp/close", test_close);
  g_test_add_func ("/cpp/persist", test_persist);
  g_test_add_func ("/cpp/errors", test_errors);
  g_test_add_func ("/cpp/root", test_root);
  g_test_add_func ("/cpp/delete", test_delete);
  g_test_add_func ("/cpp/properties", test_properties);
  return g_test_run ();
}
