package org.drag4j.document;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.geometry.RegionMask;
import org.drag4j.method.Documents;
import org.drag4j.method.Methods;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Schema and reader are two descriptions of one format: that of the first is the file that came
 * with it, that of the second is generated.
 */
@ParameterizedClass
@EnumSource(Format.class)
class SchemaTest {
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final MethodTable METHODS = Methods.TABLE;
  private static final MaskSource MASKS = _ -> RegionMask.all(8, 8);

  private final Format format;
  private final JsonNode schema;

  SchemaTest(Format format) {
    this.format = format;
    schema =
        MAPPER.readTree(
            switch (format) {
              case V1 -> first();
              case V2 -> Documents.schema();
            });
  }

  private static String first() {
    try (var in = SchemaTest.class.getResourceAsStream("drag-edit-1.schema.json")) {
      if (in == null) {
        throw new AssertionError("the schema of the first format is missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The fields of every object, by the place of its schema. */
  private Map<String, List<String>> fields() {
    var fields = new LinkedHashMap<String, List<String>>();
    // The first schema describes in place what occurs once in its documents.
    EditDocumentReader.fields(format, METHODS)
        .forEach((place, names) ->
            fields.put(
                switch (format) {
                  case V1 ->
                      place
                          .replace("/$defs/image", "/properties/image")
                          .replace("/$defs/regiondrag", "/properties/method");
                  case V2 -> place;
                },
                names));
    return fields;
  }

  private JsonNode at(String pointer) {
    var node = schema.at(pointer);
    assertFalse(node.isMissingNode(), pointer);
    return node;
  }

  private static List<String> names(JsonNode object) {
    var names = new ArrayList<String>();
    object.propertyNames().forEach(names::add);
    return names;
  }

  @Test
  void theSameFieldsEverywhere() {
    for (var object : fields().entrySet()) {
      var fields = at(object.getKey());
      assertEquals(object.getValue(), names(fields.get("properties")), object.getKey());
      assertFalse(fields.get("additionalProperties").asBoolean(true), object.getKey());
    }
    // Every object of the schema is one of the reader's.
    var objects = new TreeSet<String>();
    collect("", schema, objects);
    assertEquals(new TreeSet<>(fields().keySet()), objects);
  }

  private static void collect(String pointer, JsonNode node, Set<String> objects) {
    if (node instanceof ObjectNode object) {
      if (object.path("type").asString("").equals("object")) {
        objects.add(pointer);
      }
      for (var name : names(object)) {
        collect(pointer + "/" + name, object.get(name), objects);
      }
    }
  }

  /** What a document that says nothing is read as is what the schema declares. */
  @Test
  void theSameDefaults() {
    String minimal =
        """
        {"format": "%s", "image": {"file": "a.png"}, "drags": [{"handle": {"rectangle": [0,0,9,9]},
         "target": {"rectangle": [9,9,9,9]}}]}\
        """
            .formatted(format.text());
    var written =
        MAPPER.readTree(Documents.parse("x", minimal.getBytes(StandardCharsets.UTF_8)).toJson());
    String method = format == Format.V1 ? "/properties/method" : "/$defs/regiondrag";
    int compared = 0;
    for (var place :
        Map.of("", "", method, "/method", "/properties/working", "/working").entrySet()) {
      for (var property : at(place.getKey() + "/properties").properties()) {
        var declared = property.getValue().get("default");
        if (declared != null && !property.getKey().equals("method")) {
          var actual = written.at(place.getValue() + "/" + property.getKey());
          boolean same =
              declared.isNumber()
                  ? declared.asDouble() == actual.asDouble()
                  : declared.equals(actual);
          assertTrue(same, property.getKey() + ": " + declared + " and " + actual);
          compared++;
        }
      }
    }
    assertEquals(format == Format.V1 ? 19 : 25, compared);
  }

  private ObjectNode full() {
    var full = (ObjectNode) MAPPER.readTree(EditDocumentTest.FULL);
    if (format == Format.V2) {
      full.put("format", format.text());
      full.put("longPrompt", "chunks");
      full.putArray("pictures").addObject().put("file", "b.png").put("sha256", "ab".repeat(32));
      ((ObjectNode) full.get("working"))
          .put("enlarge", false)
          .put("windows", "one")
          .put("zoom", 1.5)
          .put("seams", "plain")
          .put("detail", 0.5);
      ((ObjectNode) full.get("method")).put("border", "squeezed").put("pairing", "as-released");
      ((ArrayNode) full.get("drags"))
          .add(
              MAPPER.readTree(
                  """
                  {"points": [{"from": [1, 1], "to": [2, 2.5]}], "mapping": "points"}\
                  """))
          .add(
              MAPPER.readTree(
                  """
                  {"handle": {"rectangle": [8, 8, 20, 20]}, "mapping": "move",
                   "move": {"by": [4, -2.5], "rotate": 12.5, "scale": 0.75, "about": [3, 4]}}\
                  """));
    }
    return full;
  }

  private static boolean reads(JsonNode document) {
    try {
      Documents.parse(
          "x", MAPPER.writeValueAsString(document).getBytes(StandardCharsets.UTF_8), MASKS);
      return true;
    } catch (EditDocumentException e) {
      return false;
    }
  }

  private void agree(JsonNode document, String what) {
    assertEquals(valid(schema, document), reads(document), () -> what + ": " + document);
  }

  @Test
  void everyMethodIsInTheSchemaOfTheFormatThatKnowsIt() {
    for (var name : Methods.names()) {
      var document =
          (ObjectNode)
              MAPPER.readTree(
                  """
                  {"format": "%s", "image": {"file": "a.png"}, "drags": [{"handle":
                   {"rectangle": [0,0,9,9]}, "target": {"rectangle": [9,9,9,9]}}]}\
                  """
                      .formatted(format.text()));
      document.putObject("method").put("name", name);
      agree(document, name);
      if (reads(document)) {
        var again =
            Documents.parse(
                "x", MAPPER.writeValueAsString(document).getBytes(StandardCharsets.UTF_8), MASKS);
        assertEquals(name, again.method().name());
        assertEquals(again, Documents.parse("x", again.toJson().getBytes(StandardCharsets.UTF_8)));
      }
    }
  }

  @Test
  void everyFieldOfTheFullDocumentSurvives() {
    var document = full();
    agree(document, "full");
    assertTrue(reads(document));
    var paths = new ArrayList<String>();
    leaves("", document, paths);
    assertTrue(paths.size() > 60, paths.toString());
    var again =
        MAPPER.readTree(
            Documents.parse(
                    "x",
                    MAPPER.writeValueAsString(document).getBytes(StandardCharsets.UTF_8),
                    MASKS)
                .toJson());
    paths.remove("/format");
    for (var path : paths) {
      var before = document.at(path);
      var after = again.at(path);
      boolean same =
          before.isNumber() ? before.asDouble() == after.asDouble() : before.equals(after);
      assertTrue(same, path + ": " + before + " and " + after);
    }
    // Every field of the schema occurs in it, with another value than it has by default.
    var occurring = new TreeMap<String, List<JsonNode>>();
    occurring("", schema, document, occurring);
    var name = document.at("/method/name").asString("");
    for (var object : fields().entrySet()) {
      boolean another =
          Methods.names().stream()
              .anyMatch(other -> !other.equals(name) && object.getKey().equals("/$defs/" + other));
      for (var field : another ? List.<String>of() : object.getValue()) {
        var place = object.getKey() + "/properties/" + field;
        var values = occurring.getOrDefault(place, List.of());
        var declared = at(place).get("default");
        boolean fixed = at(place).has("const") || field.equals("name");
        assertTrue(
            values.stream().anyMatch(value -> fixed || !value.equals(declared)),
            place + ": " + values);
      }
    }
  }

  /** The values in a document by the places of their schemas. */
  private void occurring(
      String place, JsonNode schema, JsonNode value, Map<String, List<JsonNode>> out) {
    if (schema.has("$ref")) {
      String target = schema.get("$ref").asString("").substring(1);
      occurring(target, at(target), value, out);
    } else if (schema.has("anyOf") && !schema.has("properties")) {
      schema
          .get("anyOf")
          .forEach(one -> {
            if (valid(one, value)) {
              occurring(place, one, value, out);
            }
          });
    } else if (value instanceof ObjectNode object) {
      for (var field : object.properties()) {
        String name = place + "/properties/" + field.getKey();
        out.computeIfAbsent(name, _ -> new ArrayList<>()).add(field.getValue());
        occurring(name, at(name), field.getValue(), out);
      }
    } else if (value instanceof ArrayNode array && schema.has("items")) {
      array.forEach(item -> occurring(place + "/items", schema.get("items"), item, out));
    }
  }

  private static void leaves(String path, JsonNode node, List<String> out) {
    if (node instanceof ObjectNode object) {
      object.properties().forEach(e -> leaves(path + "/" + e.getKey(), e.getValue(), out));
    } else if (node instanceof ArrayNode array) {
      for (int i = 0; i < array.size(); i++) {
        leaves(path + "/" + i, array.get(i), out);
      }
    } else {
      out.add(path);
    }
  }

  /** Each leaf of the full document replaced by values at and beyond the limits. */
  @Test
  void theSameVerdictOnDamagedDocuments() {
    var paths = new ArrayList<String>();
    leaves("", full(), paths);
    var values =
        MAPPER.readTree(
            "[null, true, \"\", \"text\", -1, 0, 0.5, 1, 1.5, 2, 7, 8, 10, 10.5, 360, 361, 1000,"
                + " 1001, 4096, 4097, 65536, 65537, -65536, -65537, [], [1, 2], {}, \"region\","
                + " \"all\", 9223372036854775807, 9223372036854775808]");
    int agreed = 0;
    for (var path : paths) {
      for (var value : values) {
        var document = full();
        int slash = path.lastIndexOf('/');
        var parent = document.at(path.substring(0, slash));
        var name = path.substring(slash + 1);
        if (parent instanceof ObjectNode object) {
          object.set(name, value);
        } else if (parent instanceof ArrayNode array) {
          array.set(Integer.parseInt(name), value);
        }
        // What one field means for another is beyond a schema, so only the reader may refuse it.
        if (!valid(schema, document)) {
          assertFalse(reads(document), path + " = " + value);
          agreed++;
        } else if (reads(document)) {
          agreed++;
        } else {
          assertTrue(CROSS_CHECKED.stream().anyMatch(path::matches), path + " = " + value);
        }
      }
    }
    assertTrue(agreed > 1500, "" + agreed);
  }

  /** Fields whose values must also fit others, or are names of files. */
  private static final List<String> CROSS_CHECKED =
      List.of(
          "/method/start",
          "/method/steps",
          "/method/injectSteps/[01]",
          "/(image|pictures/0)/file",
          "/drags/\\d+/mapping",
          "/drags/\\d+/(handle|target)/png",
          "/drags/\\d+/(handle|target)/rectangle/[23]",
          "/drags/[01]/(handle|target)/polygon/.*");

  @Test
  void unknownAndMissingFieldsAreRefusedByBoth() {
    var paths = new ArrayList<String>();
    if (format == Format.V2) {
      paths.add("/pictures/0");
      paths.add("/drags/8");
      paths.add("/drags/9");
      paths.add("/drags/9/move");
    }
    paths.addAll(
        List.of(
            "",
            "/image",
            "/drags/0",
            "/drags/0/handle",
            "/working",
            "/method",
            "/model",
            "/drags/3/points/0",
            "/drags/4/target/ellipse",
            "/drags/5/handle/brush"));
    for (var path : paths) {
      var document = full();
      var object = (ObjectNode) (path.isEmpty() ? document : document.at(path));
      object.put("zzz", 1);
      assertFalse(valid(schema, document), path);
      assertFalse(reads(document), path);
      for (var name : names(object)) {
        var less = full();
        ((ObjectNode) (path.isEmpty() ? less : less.at(path))).remove(name);
        if (!valid(schema, less)) {
          assertFalse(reads(less), path + " without " + name);
        }
      }
    }
    for (var required : List.of("format", "image", "drags")) {
      var document = full();
      document.remove(required);
      agree(document, "without " + required);
    }
  }

  /** As much of JSON schema as the format needs. */
  private boolean valid(JsonNode schema, JsonNode value) {
    if (schema.has("$ref")) {
      return valid(at(schema.get("$ref").asString("").substring(1)), value);
    }
    for (var keyword : names(schema)) {
      var rule = schema.get(keyword);
      boolean good =
          switch (keyword) {
            case "type" ->
                switch (rule.asString("")) {
                  case "object" -> value.isObject();
                  case "array" -> value.isArray();
                  case "string" -> value.isString();
                  case "boolean" -> value.isBoolean();
                  case "integer" -> value.isIntegralNumber();
                  case "number" -> value.isNumber();
                  default -> throw new AssertionError(rule);
                };
            case "const" -> rule.equals(value);
            case "enum" -> contains(rule, value);
            case "required" -> !value.isObject() || names(value).containsAll(strings(rule));
            case "additionalProperties" ->
                !value.isObject() || names(schema.get("properties")).containsAll(names(value));
            case "properties" ->
                !value.isObject()
                    || value.properties().stream()
                        .allMatch(e ->
                            !rule.has(e.getKey()) || valid(rule.get(e.getKey()), e.getValue()));
            case "minProperties" -> value.size() >= rule.asInt();
            case "maxProperties" -> value.size() <= rule.asInt();
            case "minItems" -> value.size() >= rule.asInt();
            case "maxItems" -> value.size() <= rule.asInt();
            case "items" ->
                !value.isArray() || value.valueStream().allMatch(item -> valid(rule, item));
            case "anyOf" -> rule.valueStream().anyMatch(one -> valid(one, value));
            case "minimum" ->
                !value.isNumber() || value.decimalValue().compareTo(rule.decimalValue()) >= 0;
            case "exclusiveMinimum" ->
                !value.isNumber() || value.decimalValue().compareTo(rule.decimalValue()) > 0;
            case "maximum" ->
                !value.isNumber() || value.decimalValue().compareTo(rule.decimalValue()) <= 0;
            case "multipleOf" ->
                !value.isNumber()
                    || value.decimalValue().remainder(rule.decimalValue()).signum() == 0;
            case "maxLength" -> !value.isString() || value.asString("").length() <= rule.asInt();
            case "pattern" -> !value.isString() || value.asString("").matches(rule.asString(""));
            case "$schema", "$id", "title", "description", "default", "$defs" -> true;
            default -> throw new AssertionError("a keyword this test does not know: " + keyword);
          };
      if (!good) {
        return false;
      }
    }
    return true;
  }

  private static boolean contains(JsonNode values, JsonNode value) {
    return values.valueStream().anyMatch(value::equals);
  }

  private static List<String> strings(JsonNode array) {
    return array.valueStream().map(n -> n.asString("")).toList();
  }
}
