-- Argo CD's health of an IngressReport: held is not Healthy.
if obj.status == nil or obj.status.conditions == nil then
  return { status = "Progressing", message = "not looked at yet" }
end

local found = {}
for _, condition in ipairs(obj.status.conditions) do
  found[condition.type] = condition
end
local function is(type, status)
  return found[type] ~= nil and found[type].status == status
end
local function says(type)
  return found[type].reason .. ": " .. found[type].message
end

if is("Exposed", "True") then
  return { status = "Degraded", message = says("Exposed") }
end
if is("Accepted", "False") then
  return { status = "Degraded", message = says("Accepted") }
end
if is("Programmed", "False") then
  local reason = found.Programmed.reason
  if reason == "Pending" or reason == "Leaving" then
    return { status = "Progressing", message = says("Programmed") }
  end
  if reason == "Observing" then
    return { status = "Suspended", message = says("Programmed") }
  end
  return { status = "Degraded", message = says("Programmed") }
end
if not is("Programmed", "True") then
  return { status = "Unknown", message = found.Programmed and says("Programmed") or "not looked at yet" }
end
if is("TargetsHealthy", "False") then
  return { status = "Degraded", message = says("TargetsHealthy") }
end
return { status = "Healthy", message = found.Programmed.message }
