package org.drag4j.cli.command;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.drag4j.engine.Edit;
import org.drag4j.engine.Metadata;
import org.drag4j.engine.Provenance;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.picture.PictureException;
import org.drag4j.picture.PictureFiles;
import org.jspecify.annotations.Nullable;

/** What a batch is asked to do, and what is missing where that is nothing. */
final class BatchItems {
  private static final String LINES = "-";
  private static final int MAX = 100_000;
  private static final int MAX_LINE = 16 << 20;

  private final List<BatchItem> items = new ArrayList<>();

  private BatchItems() {}

  /**
   * The documents of the arguments, in order.
   *
   * @param arguments documents, folders of documents, or {@value #LINES} for lines of stdin
   * @throws EditDocumentException where there is none in a folder, or none among pictures
   */
  static List<BatchItem> of(List<Path> arguments) throws IOException {
    var all = new BatchItems();
    for (var argument : arguments) {
      if (argument.toString().equals(LINES)) {
        all.lines();
      } else if (Files.isDirectory(argument)) {
        all.folder(argument);
      } else {
        all.add(argument);
      }
    }
    requireDocument(all.items);
    return all.items;
  }

  /**
   * One document for each of many pictures.
   *
   * @param images pictures, and folders of them
   * @throws EditDocumentException where there is more than one document, or no picture
   */
  static List<BatchItem> of(List<BatchItem> documents, List<Path> images) throws IOException {
    if (documents.size() != 1) {
      throw new EditDocumentException(
          "--image",
          "one document for all pictures",
          String.valueOf(documents.size()),
          "name one document");
    }
    var document = documents.getFirst();
    var all = new BatchItems();
    for (var image : images) {
      if (!Files.isDirectory(image)) {
        all.add(document.with(image));
        continue;
      }
      for (var file : files(image)) {
        // What the document has made in the folder is no picture to edit by it.
        if (isPictureName(file)
            && document
                .file()
                .flatMap(by -> Provenance.of(file).filter(made -> made.isBy(by)))
                .isEmpty()) {
          all.add(document.with(file));
        }
      }
    }
    if (all.items.isEmpty()) {
      throw new EditDocumentException("--image", "pictures", "none", "name files or their folder");
    }
    return all.items;
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static boolean isPictureName(Path file) {
    return file.toString().toLowerCase(Locale.ROOT).matches("(?s).*\\.(png|jpe?g|webp|bmp)");
  }

  private void folder(Path folder) throws IOException {
    var files = files(folder);
    var documents =
        files.stream()
            .filter(file -> file.toString().toLowerCase(Locale.ROOT).endsWith(".json"))
            .toList();
    if (documents.isEmpty()) {
      throw nothing(folder, files.stream().filter(BatchItems::isPictureName).toList());
    }
    for (var file : documents) {
      add(file);
    }
  }

  private static EditDocumentException nothing(Path folder, List<Path> pictures) {
    long edited = pictures.stream().filter(BatchItems::isEdited).count();
    String many = pictures.size() == 1 ? "1 picture" : pictures.size() + " pictures";
    return new EditDocumentException(
        folder.toString(),
        "edit documents, files that end in .json",
        pictures.isEmpty()
            ? "none"
            : edited == 0 ? many : many + ", " + edited + " of them with a document inside",
        pictures.isEmpty()
            ? "name another folder"
            : edited == 0
                ? "name a document, and these pictures with --image " + folder
                : "make one again with edit and -i, or name one of them and other pictures with"
                    + " --image");
  }

  /** Pictures alone are no work, and to say so once is enough. */
  private static void requireDocument(List<BatchItem> items) {
    if (!items.isEmpty()
        && items.stream().allMatch(item -> item.file().filter(BatchItems::isBare).isPresent())) {
      throw new EditDocumentException(
          "batch",
          "edit documents",
          items.size() == 1 ? "a picture without one" : items.size() + " pictures without one",
          "name a document, and pictures to edit by it with --image");
    }
  }

  private static boolean isBare(Path file) {
    return PictureFiles.isPicture(file) && !isEdited(file);
  }

  private static boolean isEdited(Path file) {
    try {
      return PictureFiles.isPng(file) && PictureFiles.texts(file).containsKey(Metadata.DOCUMENT);
    } catch (PictureException e) {
      return false;
    }
  }

  private void add(Path file) throws IOException {
    add(new BatchItem(file.toString(), Edit.folder(file), Optional.of(file), "", Optional.empty()));
  }

  private void add(BatchItem item) throws IOException {
    if (items.size() >= MAX) {
      throw new IOException("batch: expected at most " + MAX + " documents, got more; split it");
    }
    items.add(item);
  }

  private void lines() throws IOException {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    int number = 0;
    for (String line = line(in, 1); line != null; line = line(in, number + 1)) {
      number++;
      if (!line.isBlank()) {
        add(
            new BatchItem(
                "line-" + number,
                Path.of("").toAbsolutePath(),
                Optional.empty(),
                line,
                Optional.empty()));
      }
    }
  }

  /** The next line without its end, null after the last; none is held beyond its limit. */
  private static @Nullable String line(Reader in, int number) throws IOException {
    var line = new StringBuilder();
    int c = in.read();
    if (c < 0) {
      return null;
    }
    for (; c >= 0 && c != '\n'; c = in.read()) {
      if (line.length() == MAX_LINE) {
        throw new IOException(
            "stdin, line " + number + ": expected at most 16 MB, got more; check the input");
      }
      line.append((char) c);
    }
    return line.toString();
  }
}
