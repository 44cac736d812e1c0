package org.drag4j.cli.command;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.drag4j.cache.Sha256;
import org.drag4j.engine.Provenance;

/** The folder of a sweep. Nothing is taken out of it but what sweeps of the same document made. */
final class SweepFolder {
  static final String SHEET = "sheet.png";
  static final String TABLE = "table.csv";

  private static final Pattern RUN = Pattern.compile("\\d{2,3}\\.png");
  private static final int MAX = 1000;

  private final Path path;
  private final Path document;

  private SweepFolder(Path path, Path document) {
    this.path = path;
    this.document = document;
  }

  /**
   * The folder that is wanted, where nothing else is in it, else one of the sweep's own.
   *
   * @param own the name of that, which a number is added to while other things are in it as well
   * @param shared whether the folder that is wanted is taken in any case
   */
  static SweepFolder of(Path wanted, Path own, Path document, boolean shared) throws IOException {
    var folder = new SweepFolder(wanted, document);
    for (int i = 1; !shared && !folder.isOwn(); i++) {
      if (i == MAX) {
        throw new IOException(
            wanted
                + ": expected a folder for the sweep, got other things in all of this name; name"
                + " another with -o");
      }
      folder =
          new SweepFolder(i == 1 ? own : own.resolveSibling(own.getFileName() + "-" + i), document);
    }
    return folder;
  }

  Path path() {
    return path;
  }

  /** What a sheet's record says it is put together from. */
  static String digest(String table) {
    return Sha256.hex(table.getBytes(StandardCharsets.UTF_8));
  }

  /** Whether there is nothing in it, hidden files apart, but what the document's sweeps made. */
  private boolean isOwn() throws IOException {
    if (!Files.exists(path)) {
      return true;
    }
    if (!Files.isDirectory(path)) {
      return false;
    }
    for (var file : files()) {
      if (!String.valueOf(file.getFileName()).startsWith(".") && !isMade(file)) {
        return false;
      }
    }
    return true;
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(path)) {
      return files.sorted().toList();
    }
  }

  private boolean isMade(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    String name = String.valueOf(file.getFileName());
    if (name.equals(TABLE)) {
      // A table carries no record, but the sheet beside it knows what it was.
      return made(path.resolve(SHEET)).filter(m -> isOf(m, file)).isPresent();
    }
    return (name.equals(SHEET) || RUN.matcher(name).matches()) && made(file).isPresent();
  }

  private static boolean isOf(Provenance sheet, Path table) {
    try {
      return sheet.isOf(digest(Files.readString(table)));
    } catch (IOException e) {
      return false;
    }
  }

  private Optional<Provenance> made(Path file) {
    return Provenance.of(file).filter(made -> made.isBy(document));
  }

  /** Takes out what earlier sweeps of the document made. */
  void clear() throws IOException {
    // The table is known by the sheet, so the sheet goes last.
    for (var file : files().reversed()) {
      if (isMade(file)) {
        Files.delete(file);
      }
    }
  }
}
