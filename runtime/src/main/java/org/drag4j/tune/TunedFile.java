package org.drag4j.tune;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.drag4j.cache.CacheFolder;
import org.drag4j.cache.CachedFile;
import org.drag4j.cache.Sha256;
import org.drag4j.device.Tuned;

/**
 * A device's measurements on disk: a line for each {@link Tuned#key}, followed by names of
 * candidates, the fastest first. The file is named by a digest of its format and of the device's
 * {@link org.drag4j.device.BackendProvider#tuningKey}. It begins with a digest of the rest and
 * holds this tuning key.
 *
 * @param file may be missing
 * @param device the device's tuning key
 */
public record TunedFile(Path file, String device) {
  /** Changes whenever the format of these files does. */
  private static final String FORMAT = "drag4j-tuned-2";

  private static final long LARGEST = 1 << 20;
  private static final int MOST_ENTRIES = 2048;
  private static final Pattern KEY = Pattern.compile("[a-z0-9_/-]{1,200}");
  private static final Pattern CANDIDATES =
      Pattern.compile("[a-z0-9_]{1,40}( [a-z0-9_]{1,40}){0,31}");

  /**
   * Content of a file.
   *
   * @param trouble why the file was ignored, in a line; empty where it was not
   */
  public record Read(Tuned tuned, Optional<String> trouble) {}

  /** The folder in the user's cache. */
  public static Path folderOfUser() {
    return CacheFolder.ofUser().resolve("tuned");
  }

  /** The file of a device in a folder. */
  public static TunedFile of(Path folder, String device) {
    return new TunedFile(
        folder.resolve(hex(FORMAT + "\n" + device).substring(0, 32) + ".txt"), device);
  }

  /**
   * A folder's measurements of a device; empty where there is no folder or the device has no tuning
   * key.
   *
   * @param device gives the tuning key, which takes a while; asked only where there is a folder
   */
  public static Optional<Read> read(Path folder, Supplier<Optional<String>> device) {
    return Files.isDirectory(folder)
        ? device.get().map(key -> of(folder, key).read())
        : Optional.empty();
  }

  /** The file's measurements; none where the file is missing, damaged, or of another device. */
  public Read read() {
    try {
      if (Files.size(file) > LARGEST) {
        return ignored("at most " + LARGEST + " bytes, got more");
      }
      return parse(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
    } catch (NoSuchFileException _) {
      return new Read(Tuned.NONE, Optional.empty());
    } catch (IOException e) {
      return ignored("to be read, got " + e);
    }
  }

  private Read parse(String text) {
    int end = text.indexOf('\n');
    if (end < 0 || !text.substring(0, end).equals(head(text.substring(end + 1)))) {
      return ignored("the file as drag4j tune wrote it, got another content");
    }
    var lines = text.substring(end + 1).lines().toList();
    if (!lines.subList(0, Math.min(lines.size(), comments().size())).equals(comments())) {
      return ignored("a record of this device, got another's");
    }
    var rankings = new LinkedHashMap<String, List<String>>();
    for (var line : lines.subList(comments().size(), lines.size())) {
      int space = line.indexOf(' ');
      if (rankings.size() == MOST_ENTRIES
          || space < 0
          || !KEY.matcher(line.substring(0, space)).matches()
          || !CANDIDATES.matcher(line.substring(space + 1)).matches()) {
        return ignored(
            "at most " + MOST_ENTRIES + " lines of shape and candidates, got another one");
      }
      rankings.put(line.substring(0, space), List.of(line.substring(space + 1).split(" ", -1)));
    }
    return new Read(new Tuned(rankings), Optional.empty());
  }

  private Read ignored(String what) {
    return new Read(
        Tuned.NONE,
        Optional.of(
            file + ": expected " + what + "; ignored, run drag4j tune again or delete the file"));
  }

  private static String head(String rest) {
    return FORMAT + " " + hex(rest);
  }

  private static String hex(String text) {
    return Sha256.hex(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The tuning key, as comments. */
  private List<String> comments() {
    return device.lines().map(line -> "# " + line).toList();
  }

  /**
   * Adds measurements to the file, which is created with its folder; older ones of the same key are
   * replaced.
   *
   * @throws IOException where the file cannot be written; an older file is then unchanged
   */
  public void add(Tuned measured) throws IOException {
    var all = new TreeMap<String, List<String>>(measured.rankings());
    for (var old : new TreeMap<>(read().tuned().rankings()).entrySet()) {
      if (all.size() < MOST_ENTRIES) {
        all.putIfAbsent(old.getKey(), old.getValue());
      }
    }
    var rest = new StringBuilder();
    comments().forEach(line -> rest.append(line).append('\n'));
    for (Map.Entry<String, List<String>> e : all.entrySet()) {
      rest.append(e.getKey()).append(' ').append(String.join(" ", e.getValue())).append('\n');
    }
    var folder = file.toAbsolutePath().getParent();
    Files.createDirectories(folder);
    var text = head(rest.toString()) + "\n" + rest;
    CachedFile.replace(file, text.getBytes(StandardCharsets.UTF_8));
  }
}
