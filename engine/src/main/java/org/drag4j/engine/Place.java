package org.drag4j.engine;

import java.nio.file.Path;
import java.util.Optional;

/**
 * A file or folder, and how it was named: a result tells no absolute path that nobody gave.
 *
 * @param path where it is, absolute or relative to the current folder
 * @param absolute whether it was named by an absolute path
 */
public record Place(Path path, boolean absolute) {
  /** A path as the user gives it. */
  public static Place of(Path given) {
    return new Place(given, given.isAbsolute());
  }

  /** What a document in this folder names. */
  public static Place in(Path folder, String name) {
    return new Place(folder.resolve(name), Path.of(name).isAbsolute());
  }

  /**
   * Its name in a result in this folder: relative where it lies in the folder or below, else as
   * absolute as it was given, else its bare name.
   */
  public String nameFrom(Path folder) {
    var whole = path.toAbsolutePath().normalize();
    var from = folder.toAbsolutePath().normalize();
    if (whole.startsWith(from) && !whole.equals(from)) {
      return from.relativize(whole).toString().replace('\\', '/');
    }
    return absolute ? whole.toString() : bare(whole.toString());
  }

  /** The last part of a name, whatever system it comes from. */
  static String bare(String name) {
    String plain = name.replace('\\', '/');
    return Optional.of(plain.substring(plain.lastIndexOf('/') + 1))
        .filter(last -> !last.isEmpty())
        .orElse(name);
  }
}
