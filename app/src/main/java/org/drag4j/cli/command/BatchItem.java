package org.drag4j.cli.command;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import org.drag4j.cli.option.DocumentOptions;
import org.drag4j.cli.option.OutputFile;
import org.drag4j.document.EditDocument;
import org.drag4j.document.MaskFiles;
import org.drag4j.method.Documents;

/**
 * A document of a batch.
 *
 * @param name in the results
 * @param folder that its file names are relative to
 * @param file it stands in; empty where it came as a line
 * @param line its text where it has no file
 * @param image the picture that takes the place of its own
 */
record BatchItem(String name, Path folder, Optional<Path> file, String line, Optional<Path> image) {
  /** The same document for another picture. */
  BatchItem with(Path picture) {
    return new BatchItem(name, folder, file, line, Optional.of(picture));
  }

  /** What its picture is named after. */
  String stem() {
    return image.or(() -> file).map(OutputFile::stem).orElse(name);
  }

  /** The document, and the picture where there is one for many. */
  String title() {
    return name + image.map(picture -> ", " + picture).orElse("");
  }

  /**
   * Reads it anew.
   *
   * @param warnings takes what is odd about its masks, one line each
   * @throws org.drag4j.geometry.EditDocumentException where it is damaged
   */
  EditDocument read(DocumentOptions options, Consumer<String> warnings) {
    return DocumentOptions.Image.applied(document(options, warnings), image);
  }

  private EditDocument document(DocumentOptions options, Consumer<String> warnings) {
    if (file.isPresent()) {
      return options.read(file.get(), warnings);
    }
    var masks = MaskFiles.in(folder, warnings);
    byte[] json = line.getBytes(StandardCharsets.UTF_8);
    return options.applied(Documents.parse(name, json, masks), masks);
  }
}
