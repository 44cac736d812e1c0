package org.drag4j.cli.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.drag4j.engine.Provenance;

/**
 * The names of a batch's pictures. A document keeps the name of the picture that it made before,
 * and takes none that another document's picture has.
 */
final class BatchNames {
  private static final String PNG = ".png";
  private static final Pattern NUMBERED = Pattern.compile("(.+)-([1-9]\\d{0,5})");

  private final Path folder;
  private final Set<Path> taken = new HashSet<>();
  private final Map<String, NavigableMap<Integer, Path>> there = new HashMap<>();

  /** To read a record all pixels are read. */
  private final Map<Path, Optional<Provenance>> records = new HashMap<>();

  private BatchNames(Path folder) {
    this.folder = folder;
  }

  /**
   * The names in a folder.
   *
   * @param read files that the batch reads, which are not written
   */
  static BatchNames in(Path folder, Collection<Path> read) throws IOException {
    var names = new BatchNames(folder);
    for (var file : read) {
      names.taken.add(key(file));
    }
    try (Stream<Path> files = Files.list(folder)) {
      files.forEach(names::add);
    }
    return names;
  }

  private void add(Path file) {
    String name = String.valueOf(file.getFileName());
    if (!name.endsWith(PNG)) {
      return;
    }
    String stem = name.substring(0, name.length() - PNG.length());
    there.computeIfAbsent(stem, _ -> new TreeMap<>()).put(1, folder.resolve(name));
    var numbered = NUMBERED.matcher(stem);
    if (numbered.matches()) {
      there
          .computeIfAbsent(numbered.group(1), _ -> new TreeMap<>())
          .put(Integer.parseInt(numbered.group(2)), folder.resolve(name));
    }
  }

  /** One form of a file's name. */
  private static Path key(Path file) {
    try {
      return file.toRealPath();
    } catch (IOException e) {
      return file.toAbsolutePath().normalize();
    }
  }

  /**
   * Takes a name.
   *
   * @param made tells the picture that the document made before
   * @param same tells a picture that is what the document would give
   */
  Path take(String stem, Predicate<Provenance> made, Predicate<Provenance> same) {
    var picture = old(stem, made).or(() -> old(stem, same)).orElseGet(() -> free(stem));
    taken.add(key(picture));
    return picture;
  }

  /** The record of a picture in the folder, as it was when it was first asked for. */
  Optional<Provenance> record(Path picture) {
    return records.computeIfAbsent(picture, Provenance::of);
  }

  private Optional<Path> old(String stem, Predicate<Provenance> which) {
    return there.getOrDefault(stem, new TreeMap<>()).values().stream()
        .filter(file -> !taken.contains(key(file)))
        .filter(file -> record(file).filter(which).isPresent())
        .findFirst();
  }

  /** The first name that neither this batch nor another document's picture has. */
  private Path free(String stem) {
    for (int i = 1; ; i++) {
      var picture = folder.resolve(stem + (i == 1 ? "" : "-" + i) + PNG);
      if (!taken.contains(key(picture))
          && record(picture).filter(Provenance::hasDocument).isEmpty()) {
        return picture;
      }
    }
  }
}
