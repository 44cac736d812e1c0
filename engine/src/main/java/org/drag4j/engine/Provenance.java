package org.drag4j.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.drag4j.cache.Sha256;
import org.drag4j.picture.Picture;
import org.drag4j.picture.PictureException;
import org.drag4j.picture.PictureFiles;
import org.drag4j.picture.PictureMetadata;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * Where a picture comes from, as its own record says. A record is believed only while the picture
 * has the pixels that the record was written for.
 */
public final class Provenance {
  /** Keyword of the record. */
  public static final String KEYWORD = "drag-made";

  private static final String DOCUMENT = "document";
  private static final String PLACE = "place";
  private static final String IMAGE = "image";
  private static final String WORK = "work";
  private static final String PIXELS = "pixels";

  private static final JsonFactory FACTORY = new JsonFactory();

  private final Map<String, String> fields;

  private Provenance(Map<String, String> fields) {
    this.fields = fields;
  }

  /**
   * What a picture is made from.
   *
   * @param document the document's file, where there is one
   * @param image SHA-256 of the picture that was edited; empty where none was
   * @param work digest of all that the result depends on, as {@link Edit#work}; empty for what is
   *     put together from several results
   */
  public record Origin(Optional<Path> document, String image, String work) {
    /** Of what only shows something of a document. */
    public static Origin of(Optional<Path> document) {
      return new Origin(document, "", "");
    }
  }

  /** The bytes of a PNG that carries these data and its record. */
  public static byte[] png(Picture picture, PictureMetadata metadata, Origin origin) {
    return PictureFiles.png(picture, metadata, pixels -> Map.of(KEYWORD, record(origin, pixels)));
  }

  private static String record(Origin origin, String pixels) {
    var fields = new LinkedHashMap<String, String>();
    origin
        .document()
        .flatMap(Provenance::real)
        .ifPresent(file -> {
          fields.put(DOCUMENT, Place.bare(file.toString()));
          fields.put(PLACE, place(file, pixels));
        });
    put(fields, IMAGE, origin.image());
    put(fields, WORK, origin.work());
    fields.put(PIXELS, pixels);
    return JsonText.of(fields);
  }

  private static void put(Map<String, String> fields, String name, String value) {
    if (!value.isEmpty()) {
      fields.put(name, value);
    }
  }

  /**
   * The record of a file; empty where it carries none, is no PNG, or has other pixels than those
   * the record was written for.
   */
  public static Optional<Provenance> of(Path file) {
    if (!PictureFiles.isPng(file)) {
      return Optional.empty();
    }
    try {
      var stored = PictureFiles.stored(file);
      return Optional.ofNullable(stored.texts().get(KEYWORD))
          .map(Provenance::fields)
          .filter(fields -> stored.pixels().equals(fields.get(PIXELS)))
          .map(Provenance::new);
    } catch (PictureException e) {
      return Optional.empty();
    }
  }

  /** Texts of a JSON object by name; nothing where it is something else. */
  private static Map<String, String> fields(String json) {
    var fields = new HashMap<String, String>();
    try (var p = FACTORY.createParser(ObjectReadContext.empty(), json)) {
      if (p.nextToken() == JsonToken.START_OBJECT) {
        while (p.nextToken() == JsonToken.PROPERTY_NAME) {
          String name = p.currentName();
          if (p.nextToken() != JsonToken.VALUE_STRING) {
            return Map.of();
          }
          fields.put(name, p.getString());
        }
      }
      return fields;
    } catch (JacksonException e) {
      return Map.of();
    }
  }

  /** Whether this document file made it, whatever the file said then. */
  public boolean isBy(Path document) {
    return real(document)
        .filter(file -> place(file, get(PIXELS)).equals(fields.get(PLACE)))
        .isPresent();
  }

  /** Whether any document file made it. */
  public boolean hasDocument() {
    return fields.containsKey(PLACE);
  }

  /** SHA-256 of the picture that was edited; empty where the record does not say. */
  public String image() {
    return get(IMAGE);
  }

  /** Whether it is what this work gives, as {@link Edit#work} names it. */
  public boolean isOf(String work) {
    return work.equals(fields.get(WORK));
  }

  private String get(String name) {
    return fields.getOrDefault(name, "");
  }

  /** The one name of a regular file; empty for what is none. */
  private static Optional<Path> real(Path file) {
    try {
      return Files.isRegularFile(file) ? Optional.of(file.toRealPath()) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Says where a file lies to who knows it already. */
  private static String place(Path file, String salt) {
    return Sha256.hex((salt + "\n" + file).getBytes(StandardCharsets.UTF_8));
  }
}
