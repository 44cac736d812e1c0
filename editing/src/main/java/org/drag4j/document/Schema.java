package org.drag4j.document;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The JSON schema of documents: a frame, and in it what {@link Settings} knows. */
final class Schema {
  private static final String FRAME = "drag-edit-2.frame.json";
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  private Schema() {}

  static String of(MethodTable methods) {
    var schema = (ObjectNode) MAPPER.readTree(frame());
    var properties = (ObjectNode) schema.get("properties");
    properties.set("working", Settings.of(EditDocument.Working.class).schema());
    var any = ((ObjectNode) properties.get("method")).putArray("anyOf");
    var definitions = (ObjectNode) schema.get("$defs");
    for (var name : methods.names(Format.V2)) {
      any.addObject().put("$ref", "#/$defs/" + name);
      definitions.set(name, method(name, methods));
    }
    return MAPPER.writeValueAsString(schema) + "\n";
  }

  /** A method: its name, which only the default one may leave out, and its parameters. */
  private static ObjectNode method(String name, MethodTable methods) {
    var parameters = methods.settings(name).schema();
    boolean standard = methods.standard(Format.V2).equals(name);
    var method = MAPPER.createObjectNode();
    method.put("type", "object");
    if (!standard) {
      method.putArray("required").add(EditDocumentReader.NAME);
    }
    method.put("additionalProperties", false);
    var properties = method.putObject("properties");
    var named = properties.putObject(EditDocumentReader.NAME).put("const", name);
    if (standard) {
      named.put("default", name);
    }
    properties.setAll((ObjectNode) parameters.get("properties"));
    return method;
  }

  private static String frame() {
    try (var in = Schema.class.getResourceAsStream(FRAME)) {
      if (in == null) {
        throw new IllegalStateException("the program's own " + FRAME + " is missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
